//! accounts.search, and what it shares with audit.search: pages, and the cursors between them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::answer::{Refusal, Reply};
use super::audit::{Entry, EntryView};
use super::auth::Call;
use super::query::{Order, Query, Row, Select, Source, key, project};
use super::store::Store;
use super::switches::Switches;

/// Accounts of a page without `LIMIT`, of one with a cursor, and of one without (SAP help, accounts.search).
const LIMIT_DEFAULT: usize = 300;
const LIMIT_WITH_CURSOR_MAX: usize = 1_000;
const LIMIT_MAX: usize = 10_000;

/// Accounts that can be reached without a cursor (SAP help, accounts.search).
const REACH_WITHOUT_CURSOR: usize = 5_000;

/// How long a cursor lives after its last use (SAP help, accounts.search: five minutes).
const CURSOR_LIFE: SignedDuration = SignedDuration::from_mins(5);

/// The cursors that are alive.
#[derive(Debug, Default)]
pub(super) struct Cursors {
    open: HashMap<String, OpenCursor>,
    issued: u64,
}

#[derive(Debug, Clone)]
struct OpenCursor {
    method: String,
    found: Arc<Found>,
    offset: usize,
    page: usize,
    used_at: Timestamp,
}

/// What a search found when it was opened.
#[derive(Debug)]
struct Found {
    items: Items,
    select: Select,
    limit: usize,
}

/// What is found, in the order of the search.
#[derive(Debug)]
pub(super) enum Items {
    Rows { rows: Vec<Arc<Row>>, source: Source },
    Entries { entries: Vec<Arc<Entry>>, names_caller: bool },
}

impl Items {
    fn len(&self) -> usize {
        match self {
            Self::Rows { rows, .. } => rows.len(),
            Self::Entries { entries, .. } => entries.len(),
        }
    }

    /// A stretch of them as the search shows it.
    fn show(&self, range: Range<usize>, select: &Select) -> Vec<Value> {
        match self {
            Self::Rows { rows, source } => {
                rows[range].iter().map(|row| project(&row.seen_from(*source), select)).collect()
            }
            Self::Entries { entries, names_caller } => entries[range]
                .iter()
                .map(|entry| EntryView { entry, names_caller: *names_caller })
                .map(|entry| project(&entry, select))
                .collect(),
        }
    }
}

impl Cursors {
    /// Forgets all of them.
    pub(super) fn lose(&mut self) {
        self.open.clear();
    }

    fn issue(&mut self, cursor: OpenCursor) -> String {
        self.issued += 1;
        let id = format!("cursor{:08x}", self.issued);
        self.open.insert(id.clone(), cursor);
        id
    }

    /// The cursor, if it is alive; using it keeps it so, and using it again gives the same page.
    fn take(&mut self, method: &str, id: &str, now: Timestamp) -> Result<OpenCursor, Refusal> {
        self.open.retain(|_, cursor| now.duration_since(cursor.used_at) <= CURSOR_LIFE);
        let lost = || Refusal::new(400_006, "Invalid argument: cursorId");
        let cursor =
            self.open.get_mut(id).filter(|cursor| cursor.method == method).ok_or_else(lost)?;
        cursor.used_at = now;
        Ok(cursor.clone())
    }
}

pub(super) fn search(
    call: &Call,
    store: &mut Store,
    cursors: &mut Cursors,
    switches: &Switches,
    now: Timestamp,
) -> Reply {
    store.catch_up(now);
    answer(call, cursors, switches, now, |query| {
        if query.source == Source::AuditLog {
            return Err(Refusal::new(400_006, "Invalid query: unknown source auditLog"));
        }
        let text = call.parameter("query").unwrap_or_default();
        let mut refused = switches.refused_queries.iter();
        if let Some((part, code)) = refused.find(|(part, _)| text.contains(part.as_str())) {
            return Err(Refusal::new(*code, format!("{part} cannot be searched")));
        }
        let mut rows = store.matching(query.source, query.condition.as_ref());
        sort(&mut rows, query.source, query.order.as_ref());
        Ok(Items::Rows { rows, source: query.source })
    })
}

/// The protocol that all searches share: a query, with a cursor or without, or a cursor alone.
pub(super) fn answer(
    call: &Call,
    cursors: &mut Cursors,
    switches: &Switches,
    now: Timestamp,
    find: impl FnOnce(&Query) -> Result<Items, Refusal>,
) -> Reply {
    if let Some(id) = call.parameter("cursorId") {
        if call.parameter("query").is_some() || call.parameter("openCursor").is_some() {
            return Err(Refusal::new(400_006, "query or openCursor beside cursorId"));
        }
        let cursor = cursors.take(&call.method, id, now)?;
        return Ok(page(cursor, cursors, switches, now));
    }
    let query = Query::parse(call.required("query")?)?;
    let opens_cursor = call.parameter("openCursor") == Some("true");
    let limit_max = if opens_cursor { LIMIT_WITH_CURSOR_MAX } else { LIMIT_MAX };
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    let start = query.start.unwrap_or(0);
    if opens_cursor && query.start.is_some() {
        return Err(Refusal::new(400_006, "START is not supported with a cursor"));
    }
    if limit == 0 || limit > limit_max {
        return Err(Refusal::new(400_006, format!("LIMIT must be within 1 and {limit_max}")));
    }
    if !opens_cursor && start + limit > REACH_WITHOUT_CURSOR {
        return Err(Refusal::new(400_006, "START and LIMIT reach beyond 5000; use a cursor"));
    }
    let items = find(&query)?;
    let total = items.len();
    if query.select == Select::Count {
        return Ok(body(&[json!({ "count(*)": total })], total, None));
    }
    if opens_cursor {
        let found = Arc::new(Found { items, select: query.select, limit });
        let method = call.method.clone();
        let cursor = OpenCursor { method, found, offset: 0, page: 0, used_at: now };
        return Ok(page(cursor, cursors, switches, now));
    }
    let until = total.min(start + limit);
    Ok(body(&items.show(start.min(until)..until, &query.select), total, None))
}

/// Rows come sorted by time; any other order is sorted once per query.
fn sort(rows: &mut [Arc<Row>], source: Source, order: Option<&Order>) {
    let Some(Order { field, descending }) = order else { return };
    if !(field.is("lastUpdatedTimestamp") && source == Source::Accounts) {
        rows.sort_by_cached_key(|row| (key(&row.seen_from(source), field), Arc::clone(&row.uid)));
    }
    if *descending {
        rows.reverse();
    }
}

fn page(
    cursor: OpenCursor,
    cursors: &mut Cursors,
    switches: &Switches,
    now: Timestamp,
) -> Map<String, Value> {
    let OpenCursor { method, found, offset, page, .. } = cursor;
    let total = found.items.len();
    let size = if switches.short_pages { found.limit.div_ceil(2) } else { found.limit };
    let is_empty = switches.empty_pages && page % 2 == 1;
    let until = if is_empty { offset } else { total.min(offset + size) };
    let is_repeating = switches.repeats_across_pages && offset > 0 && !is_empty;
    let from = if is_repeating { offset - 1 } else { offset };
    let results = found.items.show(from..until, &found.select);
    let is_last = until == total && (is_empty || !switches.empty_pages);
    let next = (!is_last).then(|| {
        let page = page + 1;
        cursors.issue(OpenCursor { method, found, offset: until, page, used_at: now })
    });
    body(&results, total, next)
}

/// The page without one of its entries.
pub(super) fn leave_out(mut body: Map<String, Value>, place: usize) -> Map<String, Value> {
    if let Some(Value::Array(results)) = body.get_mut("results")
        && !results.is_empty()
    {
        results.remove(place % results.len());
        let left = results.len();
        body.insert("objectsCount".to_owned(), left.into());
    }
    body
}

fn body(results: &[Value], total: usize, next: Option<String>) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("objectsCount".to_owned(), results.len().into());
    body.insert("totalCount".to_owned(), total.into());
    body.insert("results".to_owned(), results.into());
    if let Some(next) = next {
        body.insert("nextCursorId".to_owned(), next.into());
    }
    body
}
