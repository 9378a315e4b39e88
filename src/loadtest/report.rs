//! What is told at the end, for people and for scripts.

use std::io::Write;

use serde::Serialize;

use super::arguments::Arguments;
use super::drive::Outcome;
use super::faults::Faults;
use super::run::Measured;
use super::tally::{Latency, Tally};
use super::witness::{Witness, reconcile};

/// The outcome of a test.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub connections: usize,
    pub chats: usize,
    pub seconds: f64,
    pub acked: u64,
    pub delivered: u64,
    pub receipts: u64,
    pub held_back: u64,
    pub acked_per_second: f64,
    pub delivered_per_second: f64,
    pub ack_ms: Latency,
    pub delivery_ms: Latency,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_cpu_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_cpu_us_per_send: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_cpu_us_per_delivery: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_resident_kib: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_kib_per_connection: Option<f64>,
    pub faults: Faults,
    /// Checks and limits that did not hold, in words; none: it passed.
    pub failures: Vec<String>,
}

impl Report {
    pub fn talk(
        arguments: &Arguments,
        chats: usize,
        measured: Measured,
        outcomes: Vec<Outcome>,
    ) -> Result<Self, String> {
        let mut tally = Tally::new()?;
        let mut members: Vec<Vec<Witness>> = (0..chats).map(|_| Vec::new()).collect();
        for outcome in outcomes {
            tally.add(&outcome.tally)?;
            for (room, witness) in outcome.witnesses {
                members[room].push(witness);
            }
        }
        let mut report = Self::begin(chats * arguments.chat_size(), measured);
        report.chats = chats;
        report.acked = tally.acked;
        report.delivered = tally.delivered;
        report.receipts = tally.receipts;
        report.held_back = tally.held_back;
        report.acked_per_second = tally.acked as f64 / measured.seconds;
        report.delivered_per_second = tally.delivered as f64 / measured.seconds;
        report.ack_ms = Latency::from(&tally.ack);
        report.delivery_ms = Latency::from(&tally.delivery);
        let each = |count: u64| {
            let cpu = measured.server_cpu_seconds?;
            (count > 0).then(|| cpu * 1e6 / count as f64)
        };
        report.server_cpu_us_per_send = each(tally.acked);
        report.server_cpu_us_per_delivery = each(tally.delivered);
        for room in &members {
            report.faults.add(&reconcile(room));
        }
        Ok(report)
    }

    pub fn idle(
        arguments: &Arguments,
        before: Option<u64>,
        measured: Measured,
        outcomes: Vec<Outcome>,
    ) -> Result<Self, String> {
        let count = arguments.connections();
        let mut report = Self::begin(count, measured);
        for (_, witness) in outcomes.iter().flat_map(|outcome| &outcome.witnesses) {
            report.faults.add(&witness.faults);
        }
        report.server_kib_per_connection = measured
            .resident_kib
            .zip(before)
            .map(|(after, before)| after.saturating_sub(before) as f64 / count as f64);
        report.judge(arguments);
        Ok(report)
    }

    fn begin(connections: usize, measured: Measured) -> Self {
        Self {
            connections,
            seconds: measured.seconds,
            server_cpu_percent: measured
                .server_cpu_seconds
                .map(|cpu| cpu * 100.0 / measured.seconds.max(0.001)),
            server_resident_kib: measured.resident_kib,
            ..Self::default()
        }
    }

    /// Says what did not hold.
    pub fn judge(&mut self, arguments: &Arguments) {
        let faults = self.faults.rows();
        let failed = faults.iter().filter(|(_, count)| *count > 0);
        let mut failures: Vec<_> = failed
            .map(|(name, count)| format!("{name}: {count}"))
            .collect();
        if arguments.idle.is_none() && self.acked == 0 {
            failures.push("nothing was acked".to_owned());
        }
        let mut limit = |name: &str, value: Option<f64>, at_most: Option<f64>| match at_most {
            Some(most) if value.is_none_or(|value| value > most) => {
                failures.push(format!("{name} above {most}"));
            }
            _ => {}
        };
        limit(
            "p99 of acks in ms",
            Some(self.ack_ms.p99),
            arguments.max_p99_ms,
        );
        limit(
            "p99 of deliveries in ms",
            Some(self.delivery_ms.p99),
            arguments.max_p99_ms,
        );
        if arguments.idle.is_some() {
            let cost = self.server_kib_per_connection;
            limit("KiB per connection", cost, arguments.max_idle_kib);
        }
        if let Some(least) = arguments
            .min_rate
            .filter(|least| self.acked_per_second < *least)
        {
            failures.push(format!("sends acked a second below {least}"));
        }
        self.failures = failures;
    }

    /// Prints it on standard output.
    pub fn print(&self, json: bool) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        if json {
            return writeln!(out, "{}", serde_json::to_string_pretty(self)?);
        }
        for (name, value) in self.rows() {
            writeln!(out, "{name:<28} {value}")?;
        }
        let told = if self.failures.is_empty() {
            "passed".to_owned()
        } else {
            format!("FAILED: {}", self.failures.join("; "))
        };
        writeln!(out, "{told}")
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let latency = |times: &Latency| {
            format!(
                "p50 {:.2}  p95 {:.2}  p99 {:.2}  max {:.2} ms",
                times.p50, times.p95, times.p99, times.max
            )
        };
        let mut rows = vec![("connections", self.connections.to_string())];
        if self.chats > 0 {
            rows.extend([
                ("chats", self.chats.to_string()),
                (
                    "sends acked",
                    format!("{:.0}/s ({})", self.acked_per_second, self.acked),
                ),
                (
                    "deliveries",
                    format!("{:.0}/s ({})", self.delivered_per_second, self.delivered),
                ),
                ("receipts seen", self.receipts.to_string()),
                ("sends held back", self.held_back.to_string()),
                ("ack", latency(&self.ack_ms)),
                ("delivery", latency(&self.delivery_ms)),
            ]);
        }
        let measured = [
            ("server CPU %", self.server_cpu_percent),
            ("server CPU µs per send", self.server_cpu_us_per_send),
            (
                "server CPU µs per delivery",
                self.server_cpu_us_per_delivery,
            ),
            (
                "server memory KiB",
                self.server_resident_kib.map(|kib| kib as f64),
            ),
            ("server KiB per connection", self.server_kib_per_connection),
        ];
        for (name, value) in measured {
            rows.extend(value.map(|value| (name, format!("{value:.1}"))));
        }
        rows.extend(
            self.faults
                .rows()
                .map(|(name, count)| (name, count.to_string())),
        );
        rows
    }
}

/// Progress, on standard error.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Why it could not be run, on standard error.
pub fn complain(problem: &str) {
    say(&format!("loadtest: {problem}"));
}
