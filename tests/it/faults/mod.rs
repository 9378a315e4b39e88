//! Crashes, full disks, peers that stall. `world` is a whole installation under load, `checkers` say
//! what must hold after each fault.

mod checkers;
mod copy;
mod device;
mod kill;
mod ledger;
mod load;
mod media;
mod smoke;
mod storage;
mod whole;
mod world;
