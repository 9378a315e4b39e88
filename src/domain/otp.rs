//! One-time codes: six digits, five minutes, five guesses.

use std::net::IpAddr;
use std::time::Duration;

use super::phone::Phone;

/// How long a code is good.
pub const LIFETIME: Duration = Duration::from_secs(5 * 60);
/// How soon another may be asked for.
pub const RESEND_AFTER: Duration = Duration::from_secs(30);
/// Guesses that are evaluated; the last wrong one destroys the code.
pub const ATTEMPTS: u32 = 5;

const CODES: u32 = 1_000_000;

/// The code that belongs to a random number: each of the million is as likely as any other.
///
/// `None` for the few numbers that would favour some codes; draw again.
pub fn code(random: u32) -> Option<String> {
    let fair = u32::MAX - u32::MAX % CODES;
    (random < fair).then(|| format!("{:06}", random % CODES))
}

/// The names under which a request for a code is counted; one budget each, phone twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetKeys {
    pub phone: String,
    pub prefix: String,
    pub address: String,
}

impl BudgetKeys {
    pub fn of(phone: &Phone, address: IpAddr) -> Self {
        Self {
            phone: phone.as_str().to_owned(),
            prefix: phone.prefix().to_owned(),
            address: network(address),
        }
    }
}

/// An IPv4 address, or the /64 of an IPv6 address: its owner has all of that.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{code, network};

    #[test]
    fn codes_have_six_digits_and_no_favourites() {
        assert_eq!(code(0).as_deref(), Some("000000"));
        assert_eq!(code(1_999_999).as_deref(), Some("999999"));
        assert_eq!(code(4_293_999_999).as_deref(), Some("999999"));
        assert_eq!(code(4_294_000_000), None);
        assert_eq!(code(u32::MAX), None);
    }

    #[test]
    fn neighbours_in_ipv6_share_a_budget() {
        let one = network("2001:db8:1:2::1".parse().unwrap());
        assert_eq!(one, network("2001:db8:1:2:ffff::9".parse().unwrap()));
        assert_ne!(one, network("2001:db8:1:3::1".parse().unwrap()));
        assert_eq!(network("::ffff:10.0.0.7".parse().unwrap()), "10.0.0.7");
    }
}
