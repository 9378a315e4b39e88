//! Where in a trace something happens, as it travels with a command from hand to hand and from node to
//! node. Only what is sampled travels, so that a hot path without a trace costs nothing.
//!
//! `telemetry` puts the [`Tracer`] here that knows how spans become traces; without it nothing is traced.

use std::fmt;
use std::sync::{LazyLock, OnceLock};

use dashmap::DashMap;

use tracing::Span;

/// One span of a trace, in W3C's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    pub trace_id: u128,
    pub span_id: u64,
    pub is_sampled: bool,
}

impl TraceContext {
    /// Reads a `traceparent`, `00-<32 hex>-<16 hex>-<2 hex>`; later versions may say more after it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = hex(parts.next()?, 2)?;
        let (trace_id, span_id) = (hex(parts.next()?, 32)?, hex(parts.next()?, 16)?);
        let flags = hex(parts.next()?, 2)?;
        let is_whole = version != 0xff && (version > 0 || parts.next().is_none());
        (is_whole && trace_id != 0 && span_id != 0).then_some(Self {
            trace_id,
            span_id: u64::try_from(span_id).ok()?,
            is_sampled: flags & 1 == 1,
        })
    }
}

/// Lower case, as the standard has it.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let fits = text.len() == digits && text.bytes().all(is_hex);
    fits.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

/// As a `traceparent`.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.is_sampled);
        write!(
            f,
            "00-{:032x}-{:016x}-{flags:02x}",
            self.trace_id, self.span_id
        )
    }
}

/// What knows how spans become traces.
pub trait Tracer: Send + Sync {
    /// Where a span stands.
    fn context(&self, span: &Span) -> Option<TraceContext>;

    /// Makes a span, which has not been entered yet, a child of one elsewhere.
    fn adopt(&self, span: &Span, parent: TraceContext);
}

static TRACER: OnceLock<Box<dyn Tracer>> = OnceLock::new();

/// From here on spans become traces; a second call changes nothing.
pub fn start(tracer: Box<dyn Tracer>) {
    let _ = TRACER.set(tracer);
}

/// Where we are, if it is sampled.
pub fn current() -> Option<TraceContext> {
    TRACER.get()?;
    of(&Span::current())
}

/// Where a span stands, if it is sampled.
pub fn of(span: &Span) -> Option<TraceContext> {
    let context = TRACER.get()?.context(span)?;
    context.is_sampled.then_some(context)
}

/// Makes a span that has not been entered yet go on where a caller stands.
pub fn adopt(span: &Span, parent: Option<TraceContext>) {
    if let (Some(tracer), Some(parent)) = (TRACER.get(), parent) {
        tracer.adopt(span, parent);
    }
}

/// What is traced and goes on later, by another hand: an entry of a chat's log by its number. Bounded:
/// where nobody takes it up it is forgotten.
static LEFT: LazyLock<DashMap<(u128, u64), TraceContext>> = LazyLock::new(DashMap::new);
const MOST_LEFT: usize = 4096;
/// The same for whoever asks later. Full, it is forgotten whole: operators look at what is of late.
static KNOWN: LazyLock<DashMap<(u128, u64), TraceContext>> = LazyLock::new(DashMap::new);
const MOST_KNOWN: usize = 16_384;

/// Leaves where something stands for whoever takes it up.
pub fn leave(what: (u128, u64), context: Option<TraceContext>) {
    let Some(context) = context else { return };
    if LEFT.len() >= MOST_LEFT {
        LEFT.clear();
    }
    LEFT.insert(what, context);
    if KNOWN.len() >= MOST_KNOWN {
        KNOWN.clear();
    }
    KNOWN.insert(what, context);
}

/// Where something stood that was traced lately.
pub fn remembered(what: (u128, u64)) -> Option<TraceContext> {
    KNOWN.get(&what).map(|context| *context)
}

/// Takes up what was left.
pub fn take_up(what: (u128, u64)) -> Option<TraceContext> {
    TRACER.get()?;
    LEFT.remove(&what).map(|(_, context)| context)
}

/// A span below `parent`; none at all without one.
pub fn child(parent: Option<TraceContext>, span: impl FnOnce() -> Span) -> Span {
    match parent {
        Some(parent) => {
            let span = span();
            adopt(&span, Some(parent));
            span
        }
        None => Span::none(),
    }
}

#[cfg(test)]
mod tests {
    use super::TraceContext;

    const WHOLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_comes_back_as_it_went() {
        let context = TraceContext::parse(WHOLE).unwrap();
        assert!(context.is_sampled);
        assert_eq!(context.to_string(), WHOLE);
        let unsampled = WHOLE.replace("-01", "-00");
        assert!(!TraceContext::parse(&unsampled).unwrap().is_sampled);
        let later = format!("cc{}-more", &WHOLE[2..]);
        assert_eq!(TraceContext::parse(&later), Some(context));
    }

    #[test]
    fn what_is_no_traceparent_is_none() {
        let nothing = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        let no_span = "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01";
        let upper = WHOLE.to_uppercase();
        let more = format!("{WHOLE}-more");
        let forbidden = format!("ff{}", &WHOLE[2..]);
        for wrong in [
            "",
            "00",
            &WHOLE[..54],
            nothing,
            no_span,
            &upper,
            &more,
            &forbidden,
            "é-é-é-é",
        ] {
            assert_eq!(TraceContext::parse(wrong), None, "{wrong}");
        }
    }
}
