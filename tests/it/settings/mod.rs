//! Settings: layers, origins, and everything that is wrong at once.

use std::io::Write;

use tempfile::NamedTempFile;
use troupe::actors::group::Group;
use troupe::config::{Config, Loader};

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    file
}

fn problems(text: &str) -> Vec<(String, String)> {
    let file = file(text);
    let error = Loader::dev().file(file.path()).load().expect_err("wrong");
    let problems = error.0.into_iter();
    problems
        .map(|problem| {
            (
                problem.setting,
                format!("{}; {}", problem.what, problem.cure),
            )
        })
        .collect()
}

#[test]
fn the_defaults_are_fine_and_whole() {
    let config = Loader::dev().load().expect("the defaults");
    assert_eq!(config.http.port, 8080);
    assert_eq!(config.admin.port, 8090);
    assert!(config.admin.test_users, "on in dev");
}

#[test]
fn a_file_goes_above_the_defaults_and_options_above_the_file() {
    let file = file("[http]\nport = 1234\nbody_timeout = \"5s\"\n");
    let loader = Loader::dev().file(file.path()).set("http.port", 4321);
    let config = loader.load().expect("fine");
    assert_eq!(config.http.port, 4321);
    assert_eq!(config.http.body_timeout.as_secs(), 5);

    let settings = loader.settings().expect("readable");
    let origin = |name: &str| {
        let setting = settings.iter().find(|setting| setting.name == name);
        setting
            .unwrap_or_else(|| panic!("{name} is missing"))
            .origin
            .clone()
    };
    assert_eq!(origin("http.port"), "command line");
    assert_eq!(origin("http.keep_alive"), "default");
    assert_eq!(origin("admin.test_users"), "troupe dev");
    let path = file.path().file_name().expect("a name").to_string_lossy();
    assert!(origin("http.body_timeout").contains(&*path));
}

#[test]
fn all_problems_are_told_at_once_with_name_and_cure() {
    let problems = problems(
        "[http]\nport = \"many\"\nprot = 1\nbody_bytes = 1\nkeep_alive = \"soon\"\n\
         [htpp]\nport = 1\n[limits]\nuser = { capacity = 0, refill = \"1m\" }\n",
    );
    let wrong: Vec<&str> = problems
        .iter()
        .map(|(setting, _)| setting.as_str())
        .collect();
    for setting in [
        "http.port",
        "http.prot",
        "http.keep_alive",
        "http.body_bytes",
        "htpp",
        "limits.user",
    ] {
        assert!(
            wrong.contains(&setting),
            "{setting} is not among {problems:#?}"
        );
    }
    let (_, known) = problems
        .iter()
        .find(|(setting, _)| setting == "http.prot")
        .expect("told");
    assert!(known.contains("port"), "says what there is: {known}");
}

#[test]
fn broken_and_missing_files_are_told() {
    assert!(!problems("[http\n").is_empty());
    let missing = Loader::dev().file("/nowhere/troupe.toml".as_ref()).load();
    let error = missing.expect_err("missing").to_string();
    assert!(error.contains("troupe.toml"), "{error}");
}

#[test]
fn listeners_do_not_share_a_port_and_what_only_dev_has_stays_at_home() {
    let problems = problems("[http]\nport = 8090\n[admin]\nhost = \"0.0.0.0\"\n");
    let wrong: Vec<&str> = problems
        .iter()
        .map(|(setting, _)| setting.as_str())
        .collect();
    assert_eq!(wrong, ["admin.test_users", "admin.faults", "admin.port"]);
}

#[test]
fn what_only_dev_may_do_is_refused_elsewhere() {
    for setting in ["limits.unlimited", "admin.faults"] {
        let on = |loader: Loader| loader.set(setting, true).load();
        let wrong = on(Loader::production()).expect_err("refused").0;
        assert!(wrong.iter().any(|problem| problem.setting == setting));
        assert!(on(Loader::dev()).is_ok(), "{setting}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let secret = "a-secret-nobody-may-see";
    let loader = Loader::dev().set("auth.otp.webhook.secret", secret);
    let settings = loader.settings().expect("readable");
    let shown = settings
        .iter()
        .find(|setting| setting.name == "auth.otp.webhook.secret")
        .expect("listed");
    assert!(!shown.value.contains(secret), "{}", shown.value);
    let config = loader.load().expect("fine");
    assert!(!format!("{config:?}").contains(secret));
}

#[test]
fn a_process_runs_the_groups_that_are_named() {
    let set = |groups: &str| {
        let loader = Loader::dev().set("storage.backend", "distributed");
        let error = loader.set("groups", groups).load().expect_err("no servers");
        let wrong = error
            .0
            .into_iter()
            .map(|problem| (problem.setting, problem.what));
        wrong
            .filter(|(setting, _)| setting.starts_with("groups"))
            .collect::<Vec<_>>()
    };
    assert_eq!(set("auth, user"), []);
    assert_eq!(set("websocket"), []);
    let (setting, what) = &set("auth,usr")[0];
    assert_eq!(setting, "groups");
    assert!(
        what.contains("\"usr\"") && what.contains("notification"),
        "{what}"
    );
    assert_eq!(set("")[0].0, "groups");
    let listed = problems("groups = [\"gateway\", \"gatewya\"]\n");
    assert!(listed[0].0.starts_with("groups"), "{listed:?}");
    assert!(listed[0].1.contains("gatewya"), "{listed:?}");
    let apart = problems("groups = [\"gateway\"]\n");
    assert_eq!(
        apart[0].0, "groups",
        "the embedded storage belongs to one process: {apart:?}"
    );
}

#[test]
fn each_group_without_a_gateway_has_its_port() {
    let ports = |groups: &[&str]| {
        let config = Loader::dev().load().expect("the defaults");
        let groups = groups
            .iter()
            .filter_map(|name| Group::parse(name))
            .collect();
        let listening = Config { groups, ..config }.listening();
        listening
            .into_iter()
            .map(|(_, port)| port)
            .collect::<Vec<_>>()
    };
    assert_eq!(ports(&["gateway", "auth", "websocket"]), [8080]);
    assert_eq!(ports(&["auth"]), [8081]);
    assert_eq!(ports(&["user", "chat", "message"]), [8082, 8083, 8084]);
    assert_eq!(
        ports(&["media", "notification", "websocket"]),
        [8087, 8086, 8085]
    );
    let same = problems("groups = [\"auth\", \"user\"]\n[ports]\nauth = 9000\nuser = 9000\n");
    assert!(
        same.iter().any(|(setting, _)| setting == "ports.user"),
        "{same:?}"
    );
}

#[test]
fn grpc_off_loopback_asks_its_callers() {
    let wrong = |grpc: &str| -> Vec<String> {
        let text = format!("[grpc]\nenabled = true\n{grpc}");
        problems(&text).into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(wrong("host = \"0.0.0.0\"\n"), ["grpc.token"]);
    assert_eq!(wrong("token = \"short\"\n"), ["grpc.token"]);
    assert_eq!(wrong("port = 8080\n"), ["grpc.port"]);
    assert_eq!(
        wrong("ports = { auth = 9082 }\n"),
        ["grpc.ports.user"],
        "two of its own"
    );
    assert_eq!(
        wrong("host = \"0.0.0.0\"\n[grpc.tls]\nclient_ca = \"ca.pem\"\n"),
        ["grpc.token", "grpc.tls.client_ca"]
    );
    let certificate = "[grpc.tls]\ncertificate = \"cert.pem\"\n";
    assert_eq!(wrong(certificate), ["grpc.tls.key"]);
    let off = file("[grpc]\nhost = \"0.0.0.0\"\nport = 8080\n");
    assert!(Loader::dev().file(off.path()).load().is_ok(), "it is off");
}

#[test]
fn traces_go_where_an_address_says() {
    let wrong = |telemetry: &str| -> Vec<String> {
        let text = format!("[telemetry]\n{telemetry}");
        problems(&text).into_iter().map(|(name, _)| name).collect()
    };
    for agent in ["jaeger", "jaeger:", ":6831", "jaeger:99999"] {
        let wrong = wrong(&format!("jaeger_agent = \"{agent}\"\n"));
        assert_eq!(wrong, ["telemetry.jaeger_agent"], "{agent}");
    }
    for endpoint in ["collector:4318", "/v1/traces", "ftp://collector/v1/traces"] {
        let wrong = wrong(&format!("otlp_endpoint = \"{endpoint}\"\n"));
        assert_eq!(wrong, ["telemetry.otlp_endpoint"], "{endpoint}");
    }
    for sample in ["-0.1", "1.1", "nan"] {
        assert_eq!(wrong(&format!("sample = {sample}\n")), ["telemetry.sample"]);
    }
    let good = "[telemetry]\njaeger_agent = \"jaeger:6831\"\nsample = 1\n\
        otlp_endpoint = \"https://collector:4318/v1/traces\"\n";
    assert!(Loader::dev().file(file(good).path()).load().is_ok());
}
