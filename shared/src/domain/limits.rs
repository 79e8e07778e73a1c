//! Every number that a vendor set, with its source.
//!
//! "OAS" is Constant Contact's own OpenAPI document of v3 (build 3.0.178), "guide" the pages at
//! `developer.constantcontact.com/api_guide`, "SAP help" the pages of SAP Customer Data Cloud at `help.sap.com`.

/// Days for which SQS keeps a message, at most, and our queue does (Amazon SQS API reference, `MessageRetentionPeriod`;
/// `infra/template.yaml`).
pub const MESSAGE_DAYS_MAX: i64 = 14;

/// Longest address of a contact (OAS, `EmailAddress.address`, maxLength 80; the import's own schema says 50, so an
/// address between the two may be refused by the import and is then counted as rejected).
pub const EMAIL_CHARACTERS_MAX: usize = 80;

/// Rows of one import: 40,000 lines of which the first holds the headings (guide, `import_contacts`).
pub const IMPORT_ROWS_MAX: usize = 39_999;

/// Encoded bytes of one import. The limit is "4 MB", beyond which rows are silently dropped (OAS, both import
/// operations); read as 10^6 bytes, the smaller of the two readings.
pub const IMPORT_BYTES_MAX: usize = 4_000_000;

/// Lists that one import may name (OAS, `list_ids`, maxItems).
pub const IMPORT_LISTS_MAX: usize = 50;

/// Different custom fields of one contact (OAS, `ContactPostRequest.custom_fields`, maxItems 25).
pub const CUSTOM_FIELDS_PER_CONTACT_MAX: usize = 25;

/// Telephone numbers of one contact (OAS, `phone_numbers`, maxItems 3).
pub const PHONES_PER_CONTACT_MAX: usize = 3;

/// Contacts that one bulk removal or deletion may name (OAS, `contact_ids`, maxItems 500).
pub const BULK_CONTACT_IDS_MAX: usize = 500;

/// Contacts of one page (OAS, `GET /contacts`, `limit`).
pub const CONTACTS_PAGE_MAX: usize = 500;

/// Activities of one page (OAS, `GET /activities`, `limit`).
pub const ACTIVITIES_PAGE_MAX: usize = 500;

/// Accounts of one page under a cursor (SAP help, accounts.search, "LIMIT … with openCursor").
pub const SEARCH_PAGE_MAX: usize = 1_000;

/// Seconds between two uses of a search cursor before it dies (SAP help, accounts.search, `cursorId`).
pub const CURSOR_SECONDS_MAX: u64 = 300;

/// UIDs named in one look-up, as SAP's own IdentitySync does (`batchSize` of `datasource.lookup.gigya.account`).
pub const LOOKUP_UIDS_MAX: usize = 200;

/// Addresses named in one look-up. Each is compared in three fields and in two ways, and how long a query may be is
/// documented nowhere; so many make a few thousand characters.
pub const LOOKUP_ADDRESSES_MAX: usize = 20;

/// Seconds that search may lag behind a write (SAP help, accounts.search: "average of 1 second, up to 30 seconds").
pub const SEARCH_LAG_SECONDS_MAX: i64 = 30;

/// Minutes after which Constant Contact's contacts are taken to show a change. Nobody says how soon its index does.
pub const CONTACTS_LAG_MINUTES: i64 = 2;

/// Days for which the audit log keeps its entries, unless the console says otherwise (SAP help, "Using the Audit Log":
/// twelve months; counted here as the shortest of them).
pub const AUDIT_RETENTION_DAYS: i64 = 365;

/// Requests at once for one UID, beyond which Gigya answers 409030 (SAP help, response codes).
pub const CONCURRENT_CALLS_PER_UID_MAX: usize = 5;

/// Calls a second for one Constant Contact key (guide, `rate_limits`).
pub const CONSTANT_CONTACT_CALLS_PER_SECOND: u32 = 4;

/// Calls a day for one Constant Contact key (guide, `rate_limits`).
pub const CONSTANT_CONTACT_CALLS_PER_DAY: u32 = 10_000;

/// Custom fields of one tenant (OAS, `POST /contact_custom_fields`).
pub const CUSTOM_FIELDS_PER_TENANT_MAX: usize = 100;

/// Characters of a custom field's value in v3 (OAS, `JsonImportContact`, `cf:custom_field_name`).
pub const CUSTOM_FIELD_CHARACTERS_MAX: usize = 255;

/// Characters of a custom field's value in v2 (v2 documents, "Contacts Collection", `custom_fields.value`).
pub const V2_CUSTOM_FIELD_CHARACTERS_MAX: usize = 50;

/// Custom fields of v2: numbered, and no others (v2 documents, "Contacts Collection", `custom_fields.name`).
pub const V2_CUSTOM_FIELDS: u8 = 15;

/// Rows of one import of v2. Its documents say 40,000, an older answer of Constant Contact's staff 20,000 (community,
/// thread 159597); an import beyond the limit fails as a whole, so the smaller of the two.
pub const V2_IMPORT_ROWS_MAX: usize = 20_000;

/// Encoded bytes of one import of v2. Its documents say "less than 4 MB", beyond which the import fails as a whole; what
/// is left to 4,000,000 is for the form around the file.
pub const V2_IMPORT_BYTES_MAX: usize = 3_990_000;

/// Contacts that one bulk removal of v2 may name (v2 documents, "Remove Contacts").
pub const V2_REMOVAL_ADDRESSES_MAX: usize = 20_000;

/// Accounts of one staged batch, unless the customer sets another number: a batch must be held in memory by upload.
pub const BATCH_ACCOUNTS: usize = 10_000;

const _: () = assert!(BATCH_ACCOUNTS <= IMPORT_ROWS_MAX, "a batch of one kind fits one import");
const _: () = assert!(LOOKUP_UIDS_MAX <= SEARCH_PAGE_MAX, "a look-up is answered in one page");
