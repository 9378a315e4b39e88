//! Crashes, full disks, peers that stall.
