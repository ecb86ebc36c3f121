//! The key `timezone`: a name of the time zone database.

use chrono_tz::Tz;

use crate::words::diagnostic::Diagnostic;
use crate::words::nearest::nearest;
use crate::words::source_text::Located;
use crate::words::table::Reader;

/// The zone that a table names; one that there is not is reported.
pub fn zone_key(reader: &mut Reader<'_>) -> Option<Tz> {
    let Located { value: name, span } = reader.text("timezone")?;
    let zone = name.parse().ok();
    if zone.is_none() {
        let diagnostic = Diagnostic::error("bad-value", format!("there is no time zone `{name}`")).at(span.clone(), "");
        let zones = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        reader.report(match nearest(&name, zones) {
            Some(zone) => diagnostic.help(format!("did you mean `{zone}`?")).suggest_text(span, zone),
            None => diagnostic.help("write a name of the time zone database, for example `Europe/Berlin`"),
        });
    }
    zone
}
