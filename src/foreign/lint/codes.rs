//! Everything that the lint can say: a code, how bad it is, and the rule that it rests on.
//!
//! The names are those of the field where it has any; docs/feeds.md has the same table.

use crate::words::diagnostic::Severity;

/// One line a code: what the program calls it, its severity, its stable name, and its rule.
macro_rules! codes {
    ($($variant:ident = $severity:ident $name:literal: $rule:literal;)*) => {
        /// What a finding is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "each has its rule")]
        pub enum Code { $($variant,)* }

        impl Code {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Severity, stable name, and rule.
            const fn entry(self) -> (Severity, &'static str, &'static str) {
                match self { $(Self::$variant => (Severity::$severity, $name, $rule),)* }
            }
        }
    };
}

codes! {
    NotAFeed = Error "not-a-feed": "a feed is an `rss`, `feed` or `rdf:RDF` document, or a JSON object with a `version` of JSON Feed";
    ObsoleteVersion = Warning "obsolete-version": "RSS 2.0, Atom 1.0 (RFC 4287) and JSON Feed 1.1 are the versions that readers are tested with";
    UnknownVersion = Error "unknown-version": "RSS 2.0: `version` is `2.0`; JSON Feed 1.1: `version` is `https://jsonfeed.org/version/1.1`";
    UnknownEncoding = Error "unknown-encoding": "XML 1.0, section 4.3.3: the declared encoding has a name that parsers know";
    ObscureEncoding = Warning "obscure-encoding": "XML 1.0, section 4.3.3: a parser must know UTF-8 and UTF-16 and no other encoding";
    EncodingMismatch = Error "encoding-mismatch": "XML 1.0, section 4.3.3: the bytes are what the declaration says they are";
    UndecodableBytes = Error "undecodable-bytes": "XML 1.0, section 4.3.3: bytes that are no text in the declared encoding (UTF-8 unless another is declared) are a fatal error";
    ByteOrderMark = Error "byte-order-mark": "RFC 8259, section 8.1: JSON is sent without a byte order mark";
    BadCharacters = Warning "bad-characters": "XML 1.0, section 2.2, discourages the control characters U+0080 to U+009F; U+FFFD stands where a text was damaged before";
    BlankBeforeDeclaration = Error "blank-before-declaration": "XML 1.0, section 2.8: nothing, not even a space, stands before `<?xml`";
    BadDeclaration = Error "bad-declaration": "XML 1.0, section 2.8: the declaration is `<?xml version=\"1.0\" encoding=\"…\"?>`";
    Doctype = Warning "doctype": "RSS 2.0 and RFC 4287 have no document type; many readers refuse a file that has one, since it is a way to attack them";
    UndefinedEntity = Error "undefined-entity": "XML 1.0, section 4.1: only `&amp;`, `&lt;`, `&gt;`, `&quot;` and `&apos;` are known without a declaration";
    BareAmpersand = Error "bare-ampersand": "XML 1.0, section 2.4: an ampersand that starts no reference is written `&amp;`";
    IllegalCharacter = Error "illegal-character": "XML 1.0, section 2.2: control characters other than tab and line ends cannot be written, not even as references";
    MismatchedTag = Error "mismatched-tag": "XML 1.0, section 3: every start tag has its end tag, and elements do not overlap";
    UnclosedElement = Error "unclosed-element": "XML 1.0, section 3: every element is closed before the file ends";
    DuplicateAttribute = Error "duplicate-attribute": "XML 1.0, section 3.1: no attribute stands twice in one tag";
    MalformedAttribute = Error "malformed-attribute": "XML 1.0, section 3.1: an attribute is `name=\"value\"`, with a space before it and no `<` in it";
    MalformedMarkup = Error "malformed-markup": "XML 1.0, section 2.1: `<` starts a tag, a comment, a section or an instruction, and each of these has its end";
    UndeclaredPrefix = Error "undeclared-prefix": "Namespaces in XML 1.0, section 5: a prefix is declared by `xmlns:` on its element or one around it";
    TextOutsideRoot = Error "text-outside-root": "XML 1.0, section 2.1: a document is one element, with nothing but comments and white space around it";
    TooComplex = Warning "too-complex": "parsers protect themselves: libxml2 gives up at 256 levels";
    WrongNamespace = Error "wrong-namespace": "Namespaces in XML 1.0, section 2.3: a namespace's name is compared letter by letter";
    UnknownElement = Error "unknown-element": "RSS 2.0 and RFC 4287: whatever they do not define stands in a namespace of its own";
    MisplacedElement = Error "misplaced-element": "RSS 2.0 and RFC 4287: each element has its place";
    DuplicateElement = Error "duplicate-element": "RSS Best Practices Profile and RFC 4287: all but a few elements stand once at most";
    MissingElement = Error "missing-element": "RSS 2.0: a channel has title, link and description, an item a title or a description; RFC 4287: feeds and entries have id, title, updated and an author";
    EmptyElement = Warning "empty-element": "an element that says nothing is shown as nothing; leave it out";
    UnexpectedText = Error "unexpected-text": "RSS 2.0 and RFC 4287: text stands in the elements that are made for it";
    UnknownAttribute = Error "unknown-attribute": "RSS 2.0 and RFC 4287: whatever they do not define stands in a namespace of its own";
    MissingAttribute = Error "missing-attribute": "RSS 2.0, RFC 4287, Media RSS: an element that is all attributes has the ones that it needs";
    ItemsBeforeMetadata = Warning "items-before-metadata": "RSS Best Practices Profile: items stand after everything else, since some readers stop at the first one they know";
    DuplicateSemantics = Warning "duplicate-semantics": "RSS Best Practices Profile: a fact is told once, and where two elements can tell it, readers differ in which one they take";
    InvalidPermalink = Error "invalid-permalink": "RSS 2.0: a guid is taken for the item's address unless `isPermaLink` is `false`";
    DuplicateGuid = Error "duplicate-guid": "RSS 2.0 and JSON Feed 1.1: a guid or id is one item's for ever; readers drop the second item that has it";
    DuplicateEntry = Warning "duplicate-entry": "RFC 4287, section 4.1.1: entries with one id are one entry; readers show the newest";
    MissingGuid = Warning "missing-guid": "RSS Best Practices Profile: each item has a guid; without it readers guess which items they have seen";
    WeakGuid = Warning "weak-guid": "RSS 2.0: a guid names the item among all items of the world";
    InvalidLink = Error "invalid-link": "RSS 2.0, RFC 4287 and JSON Feed 1.1: the address is whole, with a scheme such as `https://`";
    InvalidUriCharacter = Error "invalid-uri-character": "RFC 3986, section 2: other characters are percent-encoded";
    IriNotUri = Error "iri-not-uri": "RSS Best Practices Profile: addresses are URIs (RFC 3986); other letters are percent-encoded, in host names by Punycode";
    InvalidTagUri = Error "invalid-tag-uri": "RFC 4151, section 2.1: `tag:example.org,2026:name`";
    InvalidUrn = Error "invalid-urn": "RFC 8141 and RFC 9562: `urn:uuid:` is followed by 32 hexadecimal digits in groups of 8-4-4-4-12";
    UnknownScheme = Warning "unknown-scheme": "RFC 3986, section 3.1: schemes are registered with IANA";
    RelativeUrl = Warning "relative-url": "RSS Best Practices Profile: addresses in HTML are whole, since a feed has no base that all readers know";
    FragmentUrl = Warning "fragment-url": "RSS Best Practices Profile: addresses in HTML are whole; in a reader a fragment leads nowhere";
    XmlBase = Warning "xml-base": "RFC 4287, section 2, has `xml:base`, but many readers do not look at it";
    SecurityRisk = Warning "security-risk": "RFC 4287, section 8.1: readers take out what could act or load by itself";
    SecurityRiskAttribute = Warning "security-risk-attribute": "RFC 4287, section 8.1: readers take out attributes that run code";
    StyleAttribute = Warning "style-attribute": "readers take out inline styles, or drop the element that has them";
    NotHtml = Warning "not-html": "HTML: elements, their end tags and their nesting; what a reader does not know it drops, often with what is in it";
    BrokenTag = Warning "broken-tag": "HTML, section 13.1.2: a tag ends with `>`";
    MissingAlt = Warning "missing-alt": "HTML, section 4.8.4: `alt` says what is to be seen, for those who do not see it";
    LazyImage = Warning "lazy-image": "HTML, section 4.8.3: a picture's address stands in `src`; no script runs in a reader to put it there";
    ContainsHtml = Warning "contains-html": "RSS Best Practices Profile, RFC 4287, section 3.1.1.1, JSON Feed 1.1: this is plain text, and tags are shown as they stand";
    DoubleEscaped = Warning "double-escaped": "XML 1.0, section 2.4: a text is escaped once; twice, and readers show the escape";
    ContentBeforeDescription = Warning "content-before-description": "RSS Best Practices Profile: the description stands before `content:encoded`, since some readers take whichever comes last";
    InvalidTextType = Error "invalid-text-type": "RFC 4287, section 3.1.1: `type` is `text`, `html` or `xhtml`";
    MissingXhtmlDiv = Error "missing-xhtml-div": "RFC 4287, section 3.1.1.3: XHTML is one `div` in the namespace `http://www.w3.org/1999/xhtml`";
    InvalidMimeType = Error "invalid-mime-type": "RFC 6838: a media type is `type/subtype`, for example `audio/mpeg`";
    MissingContent = Error "missing-content": "RFC 4287, section 4.1.2: an entry has content or a link to it; JSON Feed 1.1: an item has `content_html` or `content_text`";
    MissingSummary = Warning "missing-summary": "RFC 4287, section 4.1.2: content that stands elsewhere or is no text has a summary beside it";
    InvalidDate = Error "invalid-date": "RSS 2.0: dates are those of RFC 822, with the year in four digits: `Fri, 20 Nov 2026 09:30:00 +0900`";
    IncorrectDow = Error "incorrect-dow": "RFC 822, section 5.2: the day of the week is that of the date";
    ProblematicDate = Warning "problematic-date": "RFC 822, section 5, allows it, but readers differ in what they make of it";
    InvalidRfc3339Date = Error "invalid-rfc3339-date": "RFC 4287, section 3.3, and JSON Feed 1.1: dates are those of RFC 3339: `2026-11-20T09:30:00+09:00`";
    ImplausibleDate = Warning "implausible-date": "RSS 2.0 and RFC 4287: the date is when it was published; readers hide or mis-sort what is dated long before the Web or in the future";
    StaleBuildDate = Warning "stale-build-date": "RSS 2.0, `lastBuildDate`, and RFC 4287, section 4.2.15: the feed's date is that of its last change, and some readers look no further";
    InvalidTtl = Error "invalid-ttl": "RSS 2.0: `ttl` is a number of minutes, 1 or more";
    InvalidHour = Error "invalid-hour": "RSS 2.0: an `hour` is a number from 0 to 23, in GMT";
    ZeroForMidnight = Warning "zero-for-midnight": "RSS Best Practices Profile: midnight is 0; 24 was RSS 0.91's";
    InvalidDay = Error "invalid-day": "RSS 2.0: a `day` is the English name of a day of the week";
    DuplicateHour = Error "duplicate-hour": "RSS 2.0: `skipHours` has up to 24 different hours, `skipDays` up to 7 different days";
    AlwaysSkipped = Warning "always-skipped": "RSS 2.0: readers may stay away in these hours and on these days";
    SkippedHours = Warning "skipped-hours": "RSS 2.0: readers may stay away in these hours, which are GMT's, and are late for what comes out in them";
    InvalidContact = Error "invalid-contact": "RSS 2.0: `author`, `managingEditor` and `webMaster` are addresses for mail";
    EmailFormat = Warning "email-format": "RSS Best Practices Profile: `mail@example.org (Name)`";
    InvalidLanguage = Error "invalid-language": "RSS 2.0 and RFC 5646: a language is `en`, `en-AU`, `ja`";
    InvalidImageSize = Error "invalid-image-size": "RSS 2.0: a channel's image is at most 144 wide and 400 high";
    ImageMismatch = Warning "image-mismatch": "RSS Best Practices Profile: the image has the channel's title and link";
    InvalidInteger = Error "invalid-integer": "RSS 2.0, RFC 4287, Media RSS: sizes are whole numbers without a unit";
    InvalidBoolean = Error "invalid-boolean": "RSS 2.0 and Media RSS: the attribute is `true` or `false`, in small letters";
    DuplicateEnclosure = Warning "duplicate-enclosure": "RSS Best Practices Profile: one enclosure in an item; of several, readers take the first or the last";
    MediaGroup = Error "media-group": "Media RSS: a group is several versions of one and the same thing";
    MediaMedium = Error "media-medium": "Media RSS: `medium` is `image`, `audio`, `video`, `document` or `executable`";
    MissingSelf = Warning "missing-self": "RSS Best Practices Profile, RFC 4287, section 4.1.1, JSON Feed 1.1: a feed names its own address, for whoever has a copy of it";
    DuplicateSelf = Warning "duplicate-self": "RSS Best Practices Profile and RFC 4287: a feed has one address of its own";
    HubWithoutSelf = Warning "hub-without-self": "WebSub, section 4: the hub knows the feed by the address in `rel=\"self\"`";
    SelfNotFeed = Warning "self-not-feed": "RSS Best Practices Profile: the type of the link to itself is the feed's own";
    UnknownRelation = Warning "unknown-relation": "RFC 4287, section 4.2.7.2: a relation is registered with IANA or is a URI";
    DuplicateLink = Error "duplicate-link": "RFC 4287, section 4.1.1: no two alternate links have the same type and language";
    FeedLinkInEntry = Warning "feed-link-in-entry": "RFC 5005: links of archives and pages are a feed's, not an entry's";
    IncompleteArchive = Warning "incomplete-archive": "RFC 5005, section 4: an archive says where the current feed is";
    ContradictoryArchive = Error "contradictory-archive": "RFC 5005: a feed is complete, or paged, or archived, and no page comes before or after itself";
    LargeFeed = Warning "large-feed": "some services take 512 kB at most, and every reader fetches all of it again and again";
    ManyItems = Warning "many-items": "10 to 20 items are what feeds have; older ones can stand in archives (RFC 5005)";
    InvalidJson = Error "invalid-json": "RFC 8259: JSON as it is written";
    DuplicateKey = Error "duplicate-key": "RFC 8259, section 4: of two equal names, readers take the first, the last, or neither";
    MissingKey = Error "missing-key": "JSON Feed 1.1: a feed has `version`, `title` and `items`, an item `id`, an attachment `url` and `mime_type`";
    WrongType = Error "wrong-type": "JSON Feed 1.1: each value has its type";
    UnknownKey = Warning "unknown-key": "JSON Feed 1.1: what it does not define starts with `_` and is an object";
    ObsoleteKey = Warning "obsolete-key": "JSON Feed 1.1: `authors` took the place of `author`";
}

impl Code {
    /// How bad it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        self.entry().0
    }

    /// Its stable name, for example `incorrect-dow`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// The rule that it rests on.
    #[must_use]
    pub fn rule(self) -> &'static str {
        self.entry().2
    }
}
