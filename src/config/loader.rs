//! Reads the layers, collects every problem, and remembers where each value came from.

use std::path::Path;

use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::{Config, ConfigError, Problems, SECRETS};

const DEFAULTS: &str = include_str!("default.toml");
const DEV: &str = include_str!("dev.toml");
const HIDDEN: &str = "\"(hidden)\"";

/// The layers, lowest first.
#[derive(Clone)]
pub struct Loader {
    figment: Figment,
    is_production: bool,
}

/// One setting as `troupe config show` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `section.key`.
    pub name: String,
    /// As JSON; secrets are hidden.
    pub value: String,
    /// The defaults, a file, the environment or the command line.
    pub origin: String,
}

impl Loader {
    /// The built-in settings, with those of `troupe dev`.
    pub fn dev() -> Self {
        let defaults = Layer("default", Toml::string(DEFAULTS));
        Self {
            figment: Figment::from(defaults).merge(Layer("troupe dev", Toml::string(DEV))),
            is_production: false,
        }
    }

    /// The built-in settings alone, for `troupe serve`, which refuses what only development may do.
    pub fn production() -> Self {
        Self {
            figment: Figment::from(Layer("default", Toml::string(DEFAULTS))),
            is_production: true,
        }
    }

    /// Adds a settings file; a missing one is a problem that `load` reports.
    #[must_use]
    pub fn file(mut self, path: &Path) -> Self {
        self.figment = self.figment.merge(Toml::file_exact(path));
        self
    }

    /// Adds `TROUPE__SECTION__KEY`.
    #[must_use]
    pub fn environment(mut self) -> Self {
        self.figment = self
            .figment
            .merge(Env::prefixed("TROUPE__").split("__").lowercase(true));
        self
    }

    /// Adds one value from the command line.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl serde::Serialize) -> Self {
        let provider = Serialized::default(name, value);
        self.figment = self.figment.merge(Layer("command line", provider));
        self
    }

    /// Every setting, or everything that is wrong.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let mut problems = Problems::default();
        let defaults = Value::from(defaults()?);
        let found = Value::from(self.merged()?);
        for name in unknown(&found, &defaults, "") {
            let section = name.rsplit_once('.').map_or("", |(section, _)| section);
            problems.add(&name, "is no setting", known(section, &defaults));
        }
        let config = self.read(coerced(&found, &defaults), &defaults, &mut problems);
        if let Some(config) = &config {
            config.check(&mut problems);
            if self.is_production {
                config.check_production(&mut problems);
            }
        }
        problems.into_result()?;
        config.ok_or_else(|| ConfigError(Vec::new()))
    }

    /// Every setting with its origin, sorted by name.
    pub fn settings(&self) -> Result<Vec<Setting>, ConfigError> {
        let found = Value::from(self.merged()?);
        let settings = leaves(&found, "").into_iter().map(|(name, value)| {
            let json = serde_json::to_string(&value).unwrap_or_default();
            let secret = SECRETS.contains(&name.as_str()) && json != "\"\"";
            Setting {
                origin: self.origin(&name),
                value: if secret { HIDDEN.to_owned() } else { json },
                name,
            }
        });
        Ok(settings.collect())
    }

    fn merged(&self) -> Result<Dict, ConfigError> {
        self.figment.extract::<Dict>().map_err(unreadable)
    }

    /// Reads the whole; a value of the wrong type is reported, replaced by its default, and reading
    /// goes on, so that one mistake does not hide the next.
    fn read(&self, mut values: Value, defaults: &Value, problems: &mut Problems) -> Option<Config> {
        loop {
            let error = match Figment::from(Serialized::defaults(&values)).extract::<Config>() {
                Ok(config) => return Some(config),
                Err(error) => error,
            };
            let name = error.path.join(".");
            let origin = self.origin(&name);
            problems.add(
                &name,
                error.kind.to_string(),
                format!("correct it where it was set ({origin})"),
            );
            let default = defaults.find_ref(&name)?.clone();
            if values.find_ref(&name) == Some(&default) {
                return None;
            }
            values = replaced(values, &error.path, default);
        }
    }

    fn origin(&self, name: &str) -> String {
        let Some(metadata) = self.figment.find_metadata(name) else {
            return "default".to_owned();
        };
        match &metadata.source {
            Some(source) => source.to_string(),
            None => metadata.name.to_string(),
        }
    }
}

fn defaults() -> Result<Dict, ConfigError> {
    Figment::from(Toml::string(DEFAULTS))
        .extract()
        .map_err(unreadable)
}

fn unreadable(errors: figment::Error) -> ConfigError {
    let mut problems = Problems::default();
    for error in errors {
        let source = error
            .metadata
            .as_ref()
            .and_then(|found| found.source.as_ref());
        let name = source.map_or_else(|| "settings".to_owned(), ToString::to_string);
        // A parser's report draws the line and ends it.
        let what = error.kind.to_string();
        problems.add(name, what.trim_end(), "correct the file or its path");
    }
    problems
        .into_result()
        .err()
        .unwrap_or(ConfigError(Vec::new()))
}

fn below(prefix: &str, key: &str) -> String {
    if prefix.is_empty() {
        key.to_owned()
    } else {
        format!("{prefix}.{key}")
    }
}

fn unknown(found: &Value, defaults: &Value, prefix: &str) -> Vec<String> {
    let (Value::Dict(_, found), Value::Dict(_, defaults)) = (found, defaults) else {
        return Vec::new();
    };
    let names = found.iter().flat_map(|(key, value)| {
        let name = below(prefix, key);
        match defaults.get(key) {
            Some(default) => unknown(value, default, &name),
            None => vec![name],
        }
    });
    names.collect()
}

fn known(section: &str, defaults: &Value) -> String {
    let beside = match section {
        "" => Some(defaults),
        _ => defaults.find_ref(section),
    };
    match beside {
        Some(Value::Dict(_, keys)) => {
            let names: Vec<_> = keys.keys().map(String::as_str).collect();
            format!("there are {}", names.join(", "))
        }
        _ => "remove it".to_owned(),
    }
}

/// What is known of `found`. The environment has no types: a number where text belongs is text.
fn coerced(found: &Value, defaults: &Value) -> Value {
    match (found, defaults) {
        (Value::Dict(tag, found), Value::Dict(_, defaults)) => {
            let known = found.iter().filter_map(|(key, value)| {
                let default = defaults.get(key)?;
                Some((key.clone(), coerced(value, default)))
            });
            Value::Dict(*tag, known.collect())
        }
        (Value::Num(..) | Value::Bool(..), Value::String(..)) => {
            let text = serde_json::to_string(found).unwrap_or_default();
            Value::from(text)
        }
        _ => found.clone(),
    }
}

fn replaced(values: Value, path: &[String], with: Value) -> Value {
    let Some((key, rest)) = path.split_first() else {
        return with;
    };
    match values {
        Value::Dict(tag, mut entries) => {
            let entry = entries
                .remove(key)
                .unwrap_or_else(|| Value::from(Dict::new()));
            entries.insert(key.clone(), replaced(entry, rest, with));
            Value::Dict(tag, entries)
        }
        _ => with,
    }
}

fn leaves(value: &Value, prefix: &str) -> Vec<(String, Value)> {
    match value {
        Value::Dict(_, entries) => entries
            .iter()
            .flat_map(|(key, value)| leaves(value, &below(prefix, key)))
            .collect(),
        leaf => vec![(prefix.to_owned(), leaf.clone())],
    }
}

/// A layer under a name of its own.
struct Layer<P>(&'static str, P);

impl<P: Provider> Provider for Layer<P> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.0)
    }
    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        self.1.data()
    }
}
