//! Sockets in virtual time: connections without a network, over the queues a network would drain.

mod arrivals;
mod attacks;
mod heads;
mod heartbeat;
mod missed;
mod peer;
mod real;
mod receipts;
mod slow;
mod speech;
mod stage;
mod sync;
mod watching;
