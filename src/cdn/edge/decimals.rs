//! Comparisons of decimals by regular expressions, for edges that have nothing else: nginx cannot
//! compare numbers at all, and the numbers of VCL end after three decimals.
//!
//! They agree with the server to the digit: it reads no more than 16 characters, and up to 15 digits the
//! order of decimals is that of the binary fractions that they are read into.

/// The shape that is read as a number at all.
const SHAPE: &str = "[0-9]+(?:[.][0-9]+)?$";

/// Matches decimals from one number to another.
pub(super) fn between(from: f64, to: f64) -> String {
    format!("^(?=.{{1,16}}$){}(?!{}){SHAPE}", at_least(from), compared(to, Reach::Beyond))
}

/// Matches decimals from one number to just under another.
pub(super) fn from_under(from: f64, under: f64) -> String {
    format!("^(?=.{{1,16}}$){}(?!{}){SHAPE}", at_least(from), compared(under, Reach::There))
}

/// Matches weights that are above 0 and at most 1, where they stand among other things.
pub(super) const WEIGHT: &str =
    "(?=[0-9.]{1,16}(?:[[:blank:];,]|$))(?:0+[.][0-9]*[1-9][0-9]*|0*1(?:[.]0+)?)(?![0-9.])";

fn at_least(from: f64) -> String {
    if from > 0.0 { format!("(?={})", compared(from, Reach::There)) } else { String::new() }
}

/// Whether a number itself counts as reaching it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    There,
    Beyond,
}

/// Matches a decimal that reaches a limit. It may be loose about what is no decimal.
fn compared(limit: f64, reach: Reach) -> String {
    let text = limit.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.trim_start_matches('0');
    // More digits before the point, leading zeros aside.
    let mut ways = vec![format!("[1-9][0-9]{{{},}}", whole.len())];
    // As many, and a greater one at some place.
    ways.extend(greater(whole).map(|(head, digit, left)| match left {
        0 => format!("{head}{digit}(?![0-9])"),
        _ => format!("{head}{digit}[0-9]{{{left}}}(?![0-9])"),
    }));
    // The same, and the fraction decides.
    let fractions: Vec<_> = greater(fraction).map(|(head, digit, _)| format!("{head}{digit}")).collect();
    let equal = match (reach, fraction) {
        (Reach::There, "") => "(?![0-9])".to_owned(),
        (Reach::There, _) => {
            format!("[.](?:{})", [&fractions[..], &[fraction.to_owned()]].concat().join("|"))
        }
        (Reach::Beyond, _) => {
            let more = format!("{fraction}[0-9]*[1-9]");
            format!("[.](?:{})", [&fractions[..], &[more]].concat().join("|"))
        }
    };
    ways.push(format!("{whole}{equal}"));
    format!("0*(?:{})", ways.join("|"))
}

/// For each digit that there is a greater one of: what stands before it, which are greater, and how many
/// digits follow.
fn greater(digits: &str) -> impl Iterator<Item = (&str, String, usize)> {
    digits.bytes().enumerate().filter(|(_, digit)| *digit < b'9').map(|(at, digit)| {
        let next = char::from(digit + 1);
        let class = if next == '9' { "9".to_owned() } else { format!("[{next}-9]") };
        (&digits[..at], class, digits.len() - at - 1)
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn limits_are_compared_digit_by_digit() {
        expect!["^(?=.{1,16}$)(?=0*(?:[1-9][0-9]{3,}|[3-9][0-9]{2}(?![0-9])|2[8-9][0-9]{1}(?![0-9])|27[1-9](?![0-9])|270(?![0-9])))(?!0*(?:[1-9][0-9]{5,}|[7-9][0-9]{4}(?![0-9])|6[1-9][0-9]{3}(?![0-9])|60[1-9][0-9]{2}(?![0-9])|600[1-9][0-9]{1}(?![0-9])|6000[1-9](?![0-9])|60000[.](?:[0-9]*[1-9])))[0-9]+(?:[.][0-9]+)?$"]
            .assert_eq(&between(270.0, 60_000.0));
        expect!["^(?=.{1,16}$)(?!0*(?:[1-9][0-9]{0,}|[.](?:[8-9]|7)))[0-9]+(?:[.][0-9]+)?$"]
            .assert_eq(&from_under(0.0, 0.7));
    }
}
