//! One message is one trace, from the request to the sockets it reaches, over every node on its way.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use troupe::actors::group::Group;

use crate::support::fcm::Fcm;
use crate::support::grpc::proto::GetUserRequest;
use crate::support::grpc::proto::user_service_client::UserServiceClient;
use crate::support::spans::{Agent, Collector, Told};
use crate::support::{Server, eventually, eventually_some};

/// Everything that a span may say: nothing of it is anyone's words, token, code or number.
const ATTRIBUTES: [&str; 17] = [
    "batch",
    "chat.id",
    "group.name",
    "http.method",
    "http.route",
    "http.status",
    "is_ack",
    "lane",
    "node.id",
    "request.id",
    "request.name",
    "rpc.code",
    "rpc.method",
    "seq",
    "subject",
    "trace.id",
    "user.id",
];

/// A caller's place in a trace of his own.
fn traceparent(flags: &str) -> (String, String, String) {
    let (trace, span) = (
        Uuid::new_v4().simple().to_string(),
        "00f067aa0ba902b7".to_owned(),
    );
    (format!("00-{trace}-{span}-{flags}"), trace, span)
}

fn named<'a>(spans: &'a [Told], name: &str) -> Vec<&'a Told> {
    spans.iter().filter(|span| span.name == name).collect()
}

/// The spans of a trace, once one of each of these names is among them.
async fn whole(collector: &Collector, trace: &str, names: &[&str]) -> Vec<Told> {
    eventually_some("the trace is whole", async || {
        let mut spans = collector.spans().await;
        spans.retain(|span| span.trace_id == trace);
        let has = |name: &&str| spans.iter().any(|span| span.name == **name);
        names.iter().all(has).then_some(spans)
    })
    .await
}

/// Both exporters tell of the same spans.
async fn told_the_same(agent: &Agent, spans: &[Told]) {
    let same = |one: &Told, other: &Told| {
        (&one.trace_id, &one.span_id, &one.parent_id)
            == (&other.trace_id, &other.span_id, &other.parent_id)
            && (&one.name, &one.instance) == (&other.name, &other.instance)
    };
    eventually("the agent was told the same", async || {
        let told = agent.spans();
        let mut spans = spans.iter();
        spans.all(|span| told.iter().any(|other| same(span, other)))
    })
    .await;
}

#[tokio::test]
async fn a_message_over_rest_is_one_trace_to_the_sockets_it_reaches() {
    let (collector, agent) = (Collector::start().await, Agent::start());
    let server = Server::options()
        .unlimited()
        .traced(&collector, &agent)
        .start()
        .await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut socket = ben.socket().await;
    let (header, trace, span) = traceparent("01");
    let api = anna.api.with_header("traceparent", &header);
    let secret = "words that no trace may hold";
    let body = json!({"chatId": chat, "type": "text", "content": secret});
    let sent = api.post("/messages", body).await.created();
    socket.expect_of("message.new", &chat).await;
    let id = sent["messageId"].as_str().expect("an id");
    let story = server
        .admin()
        .get(&format!("/admin/messages/{id}/trace"))
        .await
        .ok();
    assert_eq!(story["traceId"], json!(trace), "operators find it");

    let names = ["request", "chat.send", "store.commit", "session.deliver"];
    let spans = whole(&collector, &trace, &names).await;
    let [request] = named(&spans, "request")[..] else {
        panic!("one request: {spans:#?}")
    };
    assert_eq!(request.parent_id, span);
    assert!(
        request
            .attributes
            .iter()
            .any(|one| one.contains("http.route=/api/v1/messages")),
        "{request:?}"
    );
    // Every span hangs on another of the same trace, whichever node told of it.
    for one in spans.iter().filter(|one| one.name != "request") {
        let parent = spans.iter().find(|other| other.span_id == one.parent_id);
        assert!(parent.is_some(), "{one:?} hangs on nothing of {spans:#?}");
    }
    let [commit] = named(&spans, "store.commit")[..] else {
        panic!("one commit: {spans:#?}")
    };
    let send = named(&spans, "chat.send")[0];
    assert_eq!(
        (&commit.parent_id, &commit.instance),
        (&send.span_id, &send.instance)
    );
    // With two nodes the two people are on different ones.
    let deliver = named(&spans, "session.deliver")[0];
    let nodes = server.nodes();
    assert_eq!(
        deliver.instance == request.instance,
        nodes == 1,
        "{spans:#?}"
    );

    told_the_same(&agent, &spans).await;
    assert!(agent.largest_packet() <= 9216, "{}", agent.largest_packet());
}

#[tokio::test]
async fn a_message_is_one_trace_to_the_push_it_leads_to() {
    let (collector, agent, fcm) = (Collector::start().await, Agent::start(), Fcm::start().await);
    let server = Server::options()
        .unlimited()
        .traced(&collector, &agent)
        .pushing(&fcm)
        .start()
        .await;
    let [anna, ben] = server.people().await;
    ben.device("ben").await;
    let chat = anna.direct(&ben).await;
    // In one process events are made once someone listens, which the first push device brings about.
    anna.say(&chat, "first").await;
    fcm.until("ben", 1).await;
    let (header, trace, _) = traceparent("01");
    let api = anna.api.with_header("traceparent", &header);
    let body = json!({"chatId": chat, "type": "text", "content": "hello"});
    api.post("/messages", body).await.created();
    fcm.until("ben", 2).await;
    let names = [
        "request",
        "chat.send",
        "store.commit",
        "event.publish",
        "notification.take",
        "notification.decide",
    ];
    let spans = whole(&collector, &trace, &names).await;
    for one in spans.iter().filter(|one| one.name != "request") {
        let parent = spans.iter().find(|other| other.span_id == one.parent_id);
        assert!(parent.is_some(), "{one:?} hangs on nothing of {spans:#?}");
    }
    let instance = |name: &str| named(&spans, name)[0].instance.clone();
    assert_eq!(instance("event.publish"), instance("chat.send"));
    if server.part(Group::Chat).pid() == server.part(Group::Gateway).pid() {
        return;
    }
    // Over three processes: the gateway's, the chat's owner, and who reads events.
    let three = ["request", "chat.send", "notification.decide"].map(instance);
    assert!(
        three[0] != three[1] && three[1] != three[2] && three[0] != three[2],
        "{three:?}"
    );
    // A request to a group goes on in the group's process.
    let (header, trace, _) = traceparent("01");
    anna.api
        .with_header("traceparent", &header)
        .get("/users/me")
        .await
        .ok();
    let spans = whole(&collector, &trace, &["request", "group.request"]).await;
    let (request, asked) = (named(&spans, "request")[0], named(&spans, "group.request"));
    let of_user = asked.iter().find(|one| {
        one.attributes
            .iter()
            .any(|attribute| attribute == "request.name=GetMe")
    });
    let of_user = of_user.expect("the user group is asked");
    assert_ne!(of_user.instance, request.instance);
}

#[tokio::test]
async fn a_frame_begins_a_trace_and_its_ack_ends_it() {
    let (collector, agent) = (Collector::start().await, Agent::start());
    let server = Server::options()
        .unlimited()
        .traced(&collector, &agent)
        .start()
        .await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let [mut from, mut to] = [anna.socket().await, ben.socket().await];
    from.say(&chat, "hello").await;
    to.expect_of("message.new", &chat).await;
    let trace = eventually_some("the frame is told of", async || {
        let spans = collector.spans().await;
        let frame = spans.iter().find(|span| span.name == "frame.send")?;
        assert_eq!(frame.parent_id, "", "it begins a trace");
        Some(frame.trace_id.clone())
    })
    .await;
    let names = ["frame.send", "chat.send", "store.commit", "session.deliver"];
    let spans = whole(&collector, &trace, &names).await;
    let delivered = eventually_some("both sockets are told of", async || {
        let spans = collector.spans().await;
        let delivered: Vec<Told> = named(&spans, "session.deliver")
            .into_iter()
            .filter(|span| span.trace_id == trace)
            .cloned()
            .collect();
        let acks = delivered.iter().filter(|span| {
            span.attributes
                .iter()
                .any(|one| one.starts_with("is_ack=") && one.contains("true"))
        });
        (acks.count() >= 1 && delivered.len() >= 2).then_some(delivered)
    })
    .await;
    assert!(
        delivered.iter().all(|span| !span.parent_id.is_empty()),
        "{spans:#?}"
    );
}

#[tokio::test]
async fn what_its_caller_does_not_sample_is_not_told() {
    let (collector, agent) = (Collector::start().await, Agent::start());
    let server = Server::options()
        .unlimited()
        .traced(&collector, &agent)
        .start()
        .await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let (silent, quiet, _) = traceparent("00");
    let (header, trace, _) = traceparent("01");
    let text = json!({"chatId": chat, "type": "text", "content": "hello"});
    let api = anna.api.with_header("traceparent", &silent);
    api.post("/messages", text.clone()).await.created();
    let api = anna.api.with_header("traceparent", &header);
    api.post("/messages", text).await.created();
    // Told in order by one process; the later one is here, so the earlier one would be.
    let spans = whole(&collector, &trace, &["request", "store.commit"]).await;
    assert!(!spans.is_empty());
    let all = collector.spans().await;
    assert!(all.iter().all(|span| span.trace_id != quiet), "{all:#?}");
}

#[tokio::test]
async fn a_grpc_call_goes_on_where_its_caller_stands() {
    let (collector, agent) = (Collector::start().await, Agent::start());
    let server = Server::options()
        .unlimited()
        .traced(&collector, &agent)
        .grpc()
        .start()
        .await;
    let anna = server.person().await;
    let (header, trace, span) = traceparent("01");
    let mut request = tonic::Request::new(GetUserRequest {
        user_id: anna.id.clone(),
    });
    request
        .metadata_mut()
        .insert("traceparent", header.parse().expect("a header value"));
    let mut users = UserServiceClient::new(server.grpc(Group::User).await);
    users.get_user(request).await.expect("there");
    let spans = whole(&collector, &trace, &["grpc"]).await;
    assert_eq!(spans[0].parent_id, span);
    let method = "rpc.method=/troupe.v1.UserService/GetUser";
    assert!(
        spans[0].attributes.iter().any(|one| one == method),
        "{spans:?}"
    );
}

#[tokio::test]
async fn a_collector_that_is_away_costs_spans_and_nothing_else() {
    let address = "127.0.0.1:1";
    let mut server = Server::options()
        .unlimited()
        .embedded()
        .setting(
            "TELEMETRY__OTLP_ENDPOINT",
            &format!("http://{address}/v1/traces"),
        )
        .setting("TELEMETRY__JAEGER_AGENT", address)
        .setting("TELEMETRY__SAMPLE", "1")
        .start()
        .await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    anna.say(&chat, "hello").await;
    eventually("what was not sent is counted", async || {
        let metrics = server.root().get("/metrics").await.text;
        let mut lines = metrics.lines();
        lines.any(|line| {
            line.starts_with("troupe_spans_total{exporter=\"otlp\",outcome=\"failed\"}")
        })
    })
    .await;
    anna.say(&chat, "hello again").await;
    server.terminate();
    let status = server.exit(Duration::from_secs(15)).await;
    assert!(status.success(), "{status:?}");
}

#[tokio::test]
async fn no_trace_holds_a_secret() {
    let (collector, agent) = (Collector::start().await, Agent::start());
    let server = Server::options()
        .unlimited()
        .traced(&collector, &agent)
        .start()
        .await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut socket = anna.socket().await;
    let words = "words that no trace may hold";
    socket.say(&chat, words).await;
    anna.say(&chat, words).await;
    let again = anna.on_another_device().await;
    let ticket = anna.api.post_empty("/auth/ws-ticket").await.ok();
    let ticket = ticket["ticket"].as_str().expect("a ticket").to_owned();
    let query = format!("/chats/{chat}/messages?limit=7&cursor=a-query-string");
    anna.api.get(&query).await.refused(422);
    let (header, trace, _) = traceparent("01");
    anna.api
        .with_header("traceparent", &header)
        .get("/users/me")
        .await
        .ok();
    whole(&collector, &trace, &["request"]).await;

    for span in collector.spans().await {
        for attribute in &span.attributes {
            let key = attribute.split('=').next().unwrap_or_default();
            assert!(ATTRIBUTES.contains(&key), "{attribute} of {}", span.name);
        }
    }
    let told = format!("{:?}{:?}", collector.spans().await, agent.spans());
    let phone = anna.phone.trim_start_matches('+');
    for secret in [
        words,
        phone,
        &anna.access_token,
        &anna.refresh_token,
        &again.access_token,
        &ticket,
        "limit=7",
        "a-query-string",
    ] {
        assert!(!told.contains(secret), "{secret} is in a trace");
    }
}
