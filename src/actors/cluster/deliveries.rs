//! Frames on their way to the sockets of another node.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::Cluster;
use super::peers::{Outgoing, Peer};
use super::proto::{self, Malformed};
use crate::actors::announcer::PresenceChanged;
use crate::actors::elsewhere::Elsewhere;
use crate::actors::fanout::{Delivery, FanOut, SocketRef};
use crate::actors::group::Group;
use crate::actors::told::Status;
use crate::domain::receipts::ReceiptKind;
use crate::id::{NodeId, UserId};
use crate::trace::TraceContext;
use crate::wire::frame::{Frame, FrameClass};

impl Elsewhere for Cluster {
    /// One message for each node that holds a receiver.
    fn deliver(&self, deliveries: &[(Option<SocketRef>, Delivery)]) {
        let peers = self.peers().others();
        if peers.is_empty() {
            return;
        }
        let places: Vec<u64> = deliveries
            .iter()
            .map(|(socket, delivery)| self.places_of(&peers, socket.as_ref(), delivery))
            .collect();
        for peer in peers.iter() {
            let theirs = deliveries.iter().zip(&places);
            let theirs: Vec<proto::Delivery> = theirs
                .filter(|(_, bits)| *bits & peer.bit != 0)
                .map(|((socket, delivery), _)| self.encode(peer, socket.as_ref(), delivery))
                .collect();
            if !theirs.is_empty() {
                self.send_deliveries(peer, theirs);
            }
        }
    }

    fn moved(&self, user: UserId, present: bool) {
        self.directory().moved(user, present);
    }

    fn expect(&self, user: UserId) -> BoxFuture<'static, ()> {
        let cluster = self.clone();
        Box::pin(async move { cluster.announce_arrival(user).await })
    }

    fn presence_changed(&self, changed: PresenceChanged) {
        self.tell_presence(changed);
    }

    fn lost(&self) {
        self.tell_lost(|_| true);
    }

    fn is_cut_off(&self) -> bool {
        !self.is_connected()
    }

    fn is_elsewhere(&self, user: UserId) -> bool {
        self.directory().bits(user) != 0
    }

    fn knows_everyone(&self) -> bool {
        let peers = self.peers().others();
        let mut with_sockets = peers
            .iter()
            .filter(|peer| peer.standing.groups.contains(Group::Websocket));
        with_sockets.all(|peer| self.directory().is_followed(peer.node(), 0))
    }
}

impl Cluster {
    fn places_of(&self, peers: &[Peer], socket: Option<&SocketRef>, delivery: &Delivery) -> u64 {
        match (socket, delivery) {
            (Some(socket), _) => peers
                .iter()
                .find(|peer| peer.node() == socket.node)
                .map_or(0, |peer| peer.bit),
            (None, Delivery::FanOut(fan_out)) => self.directory().of(&fan_out.to),
            (None, Delivery::Answer { .. }) => 0,
        }
    }

    fn encode(
        &self,
        peer: &Peer,
        socket: Option<&SocketRef>,
        delivery: &Delivery,
    ) -> proto::Delivery {
        match delivery {
            Delivery::FanOut(fan_out) => proto::Delivery {
                frame: fan_out.frame.bytes.to_vec(),
                class: class_number(fan_out.frame.class),
                user_ids: fan_out
                    .to
                    .iter()
                    .filter(|user| self.directory().bits(**user) & peer.bit != 0)
                    .map(|user| proto::bytes(user.0))
                    .collect(),
                except: fan_out
                    .except
                    .map(|connection| proto::bytes(connection.0))
                    .unwrap_or_default(),
                socket: None,
                traceparent: carried(&fan_out.frame),
                status: fan_out.status.map(encoded_status),
                is_ack: false,
            },
            Delivery::Answer { frame, is_ack, .. } => proto::Delivery {
                frame: frame.bytes.to_vec(),
                class: class_number(frame.class),
                user_ids: Vec::new(),
                except: Vec::new(),
                socket: socket.map(encoded_socket),
                traceparent: carried(frame),
                status: None,
                is_ack: *is_ack,
            },
        }
    }

    fn send_deliveries(&self, peer: &Peer, deliveries: Vec<proto::Delivery>) {
        let message = proto::Deliveries {
            deliveries,
            lost: peer.take_lost(),
        };
        let subject = self.bus().deliveries(peer.node());
        if !peer.send(Outgoing::new(subject, &message).dispensable()) {
            peer.set_lost();
        }
    }
}

/// What came for the sockets here, in order.
pub fn decode(message: proto::Deliveries) -> Vec<(Option<SocketRef>, Delivery)> {
    let decoded = message.deliveries.into_iter().map(decode_one);
    decoded
        .filter_map(|one| one.inspect_err(|Malformed| proto::skipped("deliver")).ok())
        .collect()
}

fn decode_one(delivery: proto::Delivery) -> Result<(Option<SocketRef>, Delivery), Malformed> {
    let frame = Frame {
        bytes: Bytes::from(delivery.frame),
        class: class(delivery.class),
        trace: None,
        // Addresses on a server of its own are those of an installation of one process.
        has_stand_in: false,
    };
    let frame = frame.traced(TraceContext::parse(&delivery.traceparent));
    if let Some(socket) = delivery.socket {
        let socket = decoded_socket(&socket)?;
        let answer = Delivery::Answer {
            connection: socket.connection,
            frame,
            is_ack: delivery.is_ack,
        };
        return Ok((Some(socket), answer));
    }
    let to: Vec<UserId> = proto::ids(&delivery.user_ids)?;
    let fan_out = FanOut {
        frame,
        to: Arc::from(to),
        except: proto::optional_id(&delivery.except)?,
        status: delivery.status.map(decoded_status).transpose()?,
    };
    Ok((None, Delivery::FanOut(fan_out)))
}

fn carried(frame: &Frame) -> String {
    frame
        .trace
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn encoded_status(status: Status) -> proto::Status {
    proto::Status {
        chat_id: proto::bytes(status.chat_id.0),
        user_id: proto::bytes(status.user_id.0),
        is_read: status.kind == ReceiptKind::Read,
        up_to_seq: status.up_to_seq,
    }
}

fn decoded_status(status: proto::Status) -> Result<Status, Malformed> {
    Ok(Status {
        chat_id: proto::id(&status.chat_id)?,
        user_id: proto::id(&status.user_id)?,
        kind: if status.is_read {
            ReceiptKind::Read
        } else {
            ReceiptKind::Delivered
        },
        up_to_seq: status.up_to_seq,
    })
}

pub fn encoded_socket(socket: &SocketRef) -> proto::Socket {
    proto::Socket {
        node: proto::bytes(socket.node.0),
        lane: socket.lane.into(),
        connection: proto::bytes(socket.connection.0),
        call: socket.call,
    }
}

pub fn decoded_socket(socket: &proto::Socket) -> Result<SocketRef, Malformed> {
    Ok(SocketRef {
        node: proto::id::<NodeId>(&socket.node)?,
        lane: socket.lane.try_into().map_err(|_| Malformed)?,
        connection: proto::id(&socket.connection)?,
        call: socket.call,
    })
}

const CLASSES: [FrameClass; 4] = [
    FrameClass::Presence,
    FrameClass::Typing,
    FrameClass::Receipt,
    FrameClass::Message,
];

fn class_number(class: FrameClass) -> u32 {
    let place = CLASSES.iter().position(|known| *known == class);
    place.and_then(|place| place.try_into().ok()).unwrap_or(3)
}

/// A class that this version does not know is not dropped.
fn class(number: u32) -> FrameClass {
    let known = usize::try_from(number).ok();
    known
        .and_then(|place| CLASSES.get(place).copied())
        .unwrap_or(FrameClass::Message)
}
