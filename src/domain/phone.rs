//! Phone numbers, E.164.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat};
use serde::{Deserialize, Serialize};

pub use rlibphonenumber::Region;

/// Longest text that is looked at, in bytes; a number as people write it is far shorter.
const INPUT_BYTES: usize = 64;
/// Digits of a number that vary within one budget: 10,000 numbers share a prefix.
const PREFIX_VARIES: usize = 4;

/// A valid number in E.164, as `+14155550100`. Serde is for processes among each other: what a client
/// sends goes through [`parse`](Self::parse).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Phone(String);

impl Phone {
    /// Reads a number as people write it, `+1 (415) 555-0100`; one without `+` is read as in
    /// `default_region`. `None`: it is no valid number.
    pub fn parse(input: &str, default_region: Option<Region>) -> Option<Self> {
        if input.len() > INPUT_BYTES || input.chars().any(char::is_alphabetic) {
            return None;
        }
        let number = PHONE_NUMBER_UTIL.parse(input, default_region).ok()?;
        if !PHONE_NUMBER_UTIL.is_valid_number(&number) {
            return None;
        }
        let text = number.format_as(PhoneNumberFormat::E164).into_owned();
        Some(Self(text))
    }

    /// Takes what a store holds; it was normalised when it came in.
    pub fn from_store(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country this number belongs to, in which its owner writes numbers without `+`.
    pub fn region(&self) -> Option<Region> {
        let number: PhoneNumber = self.0.parse().ok()?;
        PHONE_NUMBER_UTIL.get_region_for_number(&number)
    }

    /// What it shares with its 10,000 neighbours; codes are budgeted by it.
    pub fn prefix(&self) -> &str {
        let end = self.0.len().saturating_sub(PREFIX_VARIES);
        self.0.get(..end).unwrap_or(&self.0)
    }
}

/// Numbers `<prefix><digits>` for people who are made up, counted upwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhoneRange {
    pub prefix: &'static str,
    /// How many digits follow the prefix.
    pub digits: usize,
}

/// Where test people live: German mobile numbers of one block, all valid.
pub const TEST_RANGE: PhoneRange = PhoneRange {
    prefix: "+49155",
    digits: 8,
};

impl PhoneRange {
    /// The number at a place in the range; `None` beyond its end.
    pub fn at(&self, index: u64) -> Option<Phone> {
        let width = self.digits;
        let text = format!("{}{index:0width$}", self.prefix);
        (text.len() == self.prefix.len() + width).then_some(Phone(text))
    }

    /// The place of a number in the range.
    pub fn index_of(&self, phone: &str) -> Option<u64> {
        let digits = phone.strip_prefix(self.prefix)?;
        (digits.len() == self.digits).then(|| digits.parse().ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::{Phone, Region, TEST_RANGE};

    fn parsed(input: &str, region: Option<Region>) -> Option<String> {
        Phone::parse(input, region).map(|phone| phone.as_str().to_owned())
    }

    #[test]
    fn numbers_as_people_write_them_are_normalised() {
        let expected = Some("+14155550100".to_owned());
        assert_eq!(parsed("+1 (415) 555-0100", None), expected);
        assert_eq!(parsed("+14155550100", None), expected);
        assert_eq!(parsed("(415) 555-0100", Some(Region::US)), expected);
        assert_eq!(
            parsed("0155 10000000", Some(Region::DE)),
            Some("+4915510000000".to_owned())
        );
    }

    #[test]
    fn every_fixture_number_is_valid() {
        for last in 100..200 {
            let number = format!("+12025550{last}");
            assert_eq!(parsed(&number, None), Some(number));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let long = format!("+1{}", "2".repeat(10_000));
        for input in [
            "",
            "+",
            "+1111",
            "4155550100",
            "hello",
            "+1 800 FLOWERS",
            &long,
        ] {
            assert_eq!(parsed(input, None), None, "{input:.20}");
        }
    }

    #[test]
    fn test_people_have_valid_numbers_that_are_read_as_they_are() {
        for index in [0, 1, 19_999, 1_234_567, 50_000_000, 99_999_999] {
            let phone = TEST_RANGE.at(index).unwrap();
            assert_eq!(Phone::parse(phone.as_str(), None), Some(phone.clone()));
            assert_eq!(TEST_RANGE.index_of(phone.as_str()), Some(index));
        }
        assert_eq!(TEST_RANGE.at(100_000_000), None);
    }

    #[test]
    fn a_number_knows_its_country_and_its_neighbours() {
        let phone = Phone::parse("+12025550123", None).unwrap();
        assert_eq!(phone.region(), Some(Region::US));
        assert_eq!(phone.prefix(), "+1202555");
    }
}
