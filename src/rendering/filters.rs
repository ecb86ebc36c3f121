//! What templates do with phrases: `filled`, `counted` and `json`.

#![expect(clippy::needless_pass_by_value, reason = "the template engine gives filters what they take")]

use tera::value::Key;
use tera::{Error, Kwargs, State, Tera, TeraResult, Value};

use crate::words::phrases;

/// Makes the filters known.
pub(crate) fn register(tera: &mut Tera) {
    tera.register_filter("filled", filled);
    tera.register_filter("counted", counted);
    tera.register_filter("json", json);
}

/// `{{ phrases.page_of | filled(n=2, count=3) }}`: a text with something in its places.
fn filled(phrase: &str, places: Kwargs, _: &State) -> String {
    let named = |(key, value): (&Key<'_>, &Value)| Some((key.as_str()?.to_owned(), value.to_string()));
    let places: Vec<(String, String)> = places.iter().filter_map(named).collect();
    phrases::fill(phrase, places.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

/// `{{ phrases.pictures | counted(n=3) }}`: the form that the language has for a number, with the number in its place.
fn counted(phrase: Value, kwargs: Kwargs, _: &State) -> TeraResult<String> {
    let n: u64 = kwargs.must_get("n")?;
    let forms = phrase.as_map().ok_or_else(|| Error::message("`counted` takes a phrase that has forms for numbers"))?;
    Ok(phrases::counted(|form| forms.get(&Key::String(form.into())).and_then(Value::as_str), n))
}

/// `{{ phrases.pictures | json }}`: anything as JSON, for scripts.
fn json(value: Value, _: Kwargs, _: &State) -> TeraResult<String> {
    serde_json::to_string(&value).map_err(|error| Error::message(error.to_string()))
}
