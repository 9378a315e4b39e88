//! Crashes, full disks, peers that stall.

mod kill;
mod load;
mod storage;
