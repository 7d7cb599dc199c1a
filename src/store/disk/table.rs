//! What the file holds: a table of sealed heads and a table of bodies for each space, and the schema's number.

use bytes::Bytes;
use redb::{
    Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableHandle,
    WriteTransaction,
};

use crate::store::ceiling::{Candidate, Ceiling, Held};
use crate::store::record::Sealed;
use crate::store::{Record, Space};

/// Raised when a table's meaning changes. A file with a larger number is set aside untouched.
const SCHEMA: u64 = 1;
const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("limpid");

type Bodies = TableDefinition<'static, &'static str, &'static [u8]>;
type Heads = Bodies;

fn tables(space: Space) -> (Heads, Bodies) {
    let (heads, bodies) = match space {
        Space::Feed => ("feed.heads", "feed.bodies"),
        Space::Image => ("image.heads", "image.bodies"),
        Space::WebSub => ("websub.heads", "websub.bodies"),
    };
    (TableDefinition::new(heads), TableDefinition::new(bodies))
}

/// One change to one record.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) space: Space,
    pub(super) key: String,
    pub(super) edit: Edit,
}

#[derive(Debug)]
pub(super) enum Edit {
    Put(Record),
    Head { head: Bytes, fence: u64 },
    Delete,
}

impl Write {
    /// Bytes that a commit has to write.
    pub(super) fn size(&self) -> usize {
        match &self.edit {
            Edit::Put(record) => record.head.len() + record.body.len(),
            Edit::Head { head, .. } => head.len(),
            Edit::Delete => 0,
        }
    }

    /// True when a crash must not undo it. A new date on an old body may be lost: it costs one conditional
    /// request, and it spares slow and wearing disks a flush for every 304.
    pub(super) fn must_last(&self) -> bool {
        !matches!(self.edit, Edit::Head { .. })
    }
}

/// Whose file this is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Schema {
    Ours,
    Newer,
    Foreign,
}

/// Reads the schema's number; a file without any table becomes ours.
pub(super) fn schema(database: &Database) -> Result<Schema, redb::Error> {
    let read = database.begin_read()?;
    let names: Vec<String> = read.list_tables()?.map(|table| table.name().to_owned()).collect();
    if names.is_empty() {
        create(database)?;
        return Ok(Schema::Ours);
    }
    if !names.iter().any(|name| name == ABOUT.name()) {
        return Ok(Schema::Foreign);
    }
    let number = read
        .open_table(ABOUT)?
        .get("schema")?
        .map(|number| number.value());
    Ok(match number {
        Some(SCHEMA) => {
            // A file of an older release lacks the tables of younger spaces.
            let has = |name: &str| names.iter().any(|there| there == name);
            if !Space::ALL
                .into_iter()
                .all(|space| has(tables(space).0.name()) && has(tables(space).1.name()))
            {
                create(database)?;
            }
            Schema::Ours
        }
        Some(newer) if newer > SCHEMA => Schema::Newer,
        _ => Schema::Foreign,
    })
}

fn create(database: &Database) -> Result<(), redb::Error> {
    let write = database.begin_write()?;
    write.open_table(ABOUT)?.insert("schema", SCHEMA)?;
    for space in Space::ALL {
        let (heads, bodies) = tables(space);
        write.open_table(heads)?;
        write.open_table(bodies)?;
    }
    Ok(write.commit()?)
}

/// What is kept, and the largest fence.
pub(super) fn inventory(database: &Database) -> Result<(Held, u64), redb::Error> {
    let read = database.begin_read()?;
    let (mut held, mut fence) = (Held::default(), 0);
    for space in Space::ALL {
        for entry in read.open_table(tables(space).0)?.iter()? {
            let (key, head) = entry?;
            held.add(size(key.value(), head.value()));
            fence = fence.max(Sealed::from_bytes(head.value()).map_or(0, |sealed| sealed.fence));
        }
    }
    Ok((held, fence))
}

pub(super) fn get(database: &Database, space: Space, key: &str) -> Result<Option<Record>, redb::Error> {
    let read = database.begin_read()?;
    let Some(sealed) = sealed(&read, space, key)? else {
        return Ok(None);
    };
    let Some(body) = read.open_table(tables(space).1)?.get(key)? else {
        return Ok(None);
    };
    Ok(sealed.open(Bytes::copy_from_slice(body.value())))
}

fn sealed(read: &ReadTransaction, space: Space, key: &str) -> Result<Option<Sealed>, redb::Error> {
    let head = read.open_table(tables(space).0)?.get(key)?;
    Ok(head.and_then(|head| Sealed::from_bytes(head.value())))
}

pub(super) fn heads(database: &Database, space: Space) -> Result<Vec<(String, Bytes)>, redb::Error> {
    let mut heads = Vec::new();
    for entry in database.begin_read()?.open_table(tables(space).0)?.iter()? {
        let (key, head) = entry?;
        if let Some(sealed) = Sealed::from_bytes(head.value()) {
            heads.push((key.value().to_owned(), sealed.head));
        }
    }
    Ok(heads)
}

/// All writes in one transaction: for each whether it was done, and what is kept afterwards.
pub(super) fn apply(
    database: &Database,
    writes: &[&Write],
    mut held: Held,
    ceiling: Ceiling,
    durability: Durability,
) -> Result<(Vec<bool>, Held), redb::Error> {
    let transaction = begin(database, durability)?;
    let mut done = Vec::with_capacity(writes.len());
    for write in writes {
        done.push(edit(&transaction, write, &mut held)?);
    }
    if ceiling.exceeded_by(held) {
        evict(&transaction, &mut held, ceiling)?;
    }
    transaction.commit()?;
    Ok((done, held))
}

/// Makes earlier commits outlive a crash.
pub(super) fn flush(database: &Database) -> Result<(), redb::Error> {
    Ok(begin(database, Durability::Immediate)?.commit()?)
}

fn begin(database: &Database, durability: Durability) -> Result<WriteTransaction, redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(durability)?;
    // One more flush a commit, and in exchange a start after a crash takes milliseconds at any size.
    transaction.set_quick_repair(matches!(durability, Durability::Immediate));
    Ok(transaction)
}

fn edit(transaction: &WriteTransaction, write: &Write, held: &mut Held) -> Result<bool, redb::Error> {
    let (heads, bodies) = tables(write.space);
    let (mut heads, key) = (transaction.open_table(heads)?, write.key.as_str());
    let (stored, stored_size) = match heads.get(key)? {
        Some(head) => (Sealed::from_bytes(head.value()), Some(size(key, head.value()))),
        None => (None, None),
    };
    let late = |fence| stored.as_ref().is_some_and(|stored| stored.fence > fence);
    let sealed = match &write.edit {
        Edit::Put(record) if !late(record.fence) => {
            transaction
                .open_table(bodies)?
                .insert(key, record.body.as_ref())?;
            Sealed::new(record)
        }
        Edit::Head { head, fence } if !late(*fence) => match stored {
            Some(stored) => stored.with_head(head.clone(), *fence),
            None => return Ok(false),
        },
        Edit::Put(_) | Edit::Head { .. } => return Ok(false),
        Edit::Delete => {
            transaction.open_table(bodies)?.remove(key)?;
            heads.remove(key)?;
            held.replace(stored_size, None);
            return Ok(stored_size.is_some());
        }
    };
    let bytes = sealed.to_bytes();
    heads.insert(key, bytes.as_slice())?;
    held.replace(stored_size, Some(size(key, &bytes)));
    Ok(true)
}

fn evict(transaction: &WriteTransaction, held: &mut Held, ceiling: Ceiling) -> Result<(), redb::Error> {
    let mut all = Vec::with_capacity(held.records);
    for space in Space::ALL {
        for entry in transaction.open_table(tables(space).0)?.iter()? {
            let (key, head) = entry?;
            let fence = Sealed::from_bytes(head.value()).map_or(0, |sealed| sealed.fence);
            let bytes = size(key.value(), head.value());
            all.push(Candidate {
                fence,
                space,
                key: key.value().to_owned(),
                bytes,
            });
        }
    }
    for gone in ceiling.choose(*held, all) {
        let (heads, bodies) = tables(gone.space);
        transaction.open_table(heads)?.remove(gone.key.as_str())?;
        transaction.open_table(bodies)?.remove(gone.key.as_str())?;
        held.remove(gone.bytes);
    }
    Ok(())
}

/// Bytes of a record, told from its head alone.
fn size(key: &str, head: &[u8]) -> u64 {
    let body = Sealed::from_bytes(head).map_or(0, |sealed| sealed.body_length);
    (key.len() as u64)
        .saturating_add(head.len() as u64)
        .saturating_add(body)
}
