//! Background jobs, as an operator sees and runs them.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use troupe::actors::jobs::KINDS;

use crate::support::{Server, eventually_some};

async fn job(server: &Server, name: &str) -> Value {
    let jobs = server.admin().get("/admin/jobs").await.items();
    let found = jobs.into_iter().find(|job| job["name"] == name);
    found.expect("the job is listed")
}

/// `troupe jobs …` beside a server, or alone.
fn jobs(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_troupe"));
    command
        .arg("jobs")
        .args(arguments)
        .arg("--data-dir")
        .arg(data);
    command.output().expect("the program runs")
}

fn said(output: &Output) -> String {
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn every_job_runs_where_its_group_is() {
    let server = Server::start().await;
    for kind in KINDS {
        let ran = || async {
            let job = job(&server, kind.name).await;
            assert_ne!(job["state"], "failed", "{job}");
            (job["state"] == "ok").then_some(job)
        };
        let first = eventually_some("the job runs by itself", ran).await;
        let path = format!("/admin/jobs/{}/run", kind.name);
        server.admin().post_empty(&path).await.ok();
        let again = || async {
            let job = ran().await?;
            (job["startedAt"] != first["startedAt"]).then_some(job)
        };
        let job = eventually_some("the job runs when asked for", again).await;
        assert!(
            job["report"].is_string() && job["about"].is_string(),
            "{job}"
        );
    }
    let unknown = server.admin().post_empty("/admin/jobs/nonsense/run").await;
    unknown.refused(404);
}

#[tokio::test]
async fn jobs_are_run_from_the_command_line() {
    let mut server = Server::options().embedded().start().await;
    let data = server.data_path();
    let run = jobs(&data, &["run", "housekeeping"]);
    assert!(run.status.success(), "{}", said(&run));
    assert!(said(&run).contains("sessions"), "{}", said(&run));
    server.terminate();
    server.exit(std::time::Duration::from_secs(20)).await;

    let alone = jobs(&data, &["run", "housekeeping"]);
    assert!(alone.status.success(), "{}", said(&alone));
    let list = said(&jobs(&data, &["list"]));
    for kind in KINDS {
        assert!(
            list.contains(kind.name) && list.contains(kind.about),
            "{list}"
        );
    }
    let unknown = jobs(&data, &["run", "nonsense"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        said(&unknown).contains("housekeeping"),
        "it names those there are"
    );
    let nowhere = jobs(&data.join("nowhere"), &["list"]);
    assert_eq!(nowhere.status.code(), Some(2), "{}", said(&nowhere));
    assert!(said(&nowhere).contains("--data-dir"), "{}", said(&nowhere));
}
