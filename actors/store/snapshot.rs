//! A snapshot: all rows of the index in one compressed, checked file, with the position that it is good for.
//!
//! ```text
//! header:  magic 8 | version 2 | position 2,056 | crc32 4
//! block:   rows' bytes 4 | compressed bytes 4 | crc32 of the compressed 4 | compressed (LZ4)
//!          rows: key bytes, varint | key | value bytes, varint | value
//! end:     0 4 | 8 4 | crc32 4 | number of rows 8
//! ```
//! It is taken while the index is written to, so rows may be newer than the position; replaying the
//! journal from the position sets each of them to its last value, since frames are physical. It gets
//! its name once it is whole and on disk.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::journal::Position;
use super::{Row, StoreError, Write, frame};
use crate::limits;
use crate::store::{Batch, Partition};

const MAGIC: [u8; 8] = *b"serenos1";
const VERSION: u16 = 1;
const SUFFIX: &str = "snapshot";
const UNFINISHED: &str = "unfinished";
const DAMAGED: &str = "damaged";

/// Writes a snapshot into a directory. `page` gives the rows after a key, none at the end.
pub(super) fn write(
    directory: &Path,
    position: &Position,
    page: impl FnMut(&[u8]) -> Result<Vec<Row>, StoreError>,
) -> Result<PathBuf, StoreError> {
    let io = |source| StoreError::Io { doing: "write a snapshot", source };
    fs::create_dir_all(directory).map_err(io)?;
    let path = directory.join(format!("{:020}.{SUFFIX}", position.group));
    let unfinished = path.with_extension(UNFINISHED);
    let written = write_rows(&unfinished, position, page)
        .and_then(|()| fs::rename(&unfinished, &path).map_err(io));
    if let Err(error) = written {
        // It may be what fills the disk. If it cannot be removed, the next start does.
        fs::remove_file(&unfinished).ok();
        return Err(error);
    }
    File::open(directory).and_then(|handle| handle.sync_all()).map_err(io)?;
    Ok(path)
}

fn write_rows(
    path: &Path,
    position: &Position,
    mut page: impl FnMut(&[u8]) -> Result<Vec<Row>, StoreError>,
) -> Result<(), StoreError> {
    let io = |source| StoreError::Io { doing: "write a snapshot", source };
    let mut file = BufWriter::new(File::create(path).map_err(io)?);
    file.write_all(&header(position)).map_err(io)?;
    let mut last = Vec::new();
    let mut count = 0_u64;
    loop {
        let rows = page(&last)?;
        let Some((key, _)) = rows.last() else { break };
        last.clone_from(key);
        count += rows.len() as u64;
        file.write_all(&block(rows)).map_err(io)?;
    }
    file.write_all(&sealed(0, &count.to_le_bytes())).map_err(io)?;
    let file = file.into_inner().map_err(|error| io(error.into_error()))?;
    file.sync_all().map_err(io)
}

/// The snapshots in a directory, newest first.
pub(super) fn list(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = files(directory, SUFFIX)?;
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found)
}

/// Removes what crashes left unfinished; only for whoever has the store to himself.
pub(super) fn sweep(directory: &Path) -> io::Result<()> {
    files(directory, UNFINISHED)?.iter().try_for_each(fs::remove_file)
}

/// Sets a damaged snapshot aside.
pub(super) fn set_aside(path: &Path) -> io::Result<()> {
    fs::rename(path, path.with_extension(DAMAGED))
}

/// Removes the snapshots that were set aside: there are newer ones that are good.
pub(super) fn forget_damaged(directory: &Path) -> io::Result<()> {
    files(directory, DAMAGED)?.iter().try_for_each(fs::remove_file)
}

fn files(directory: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let paths: io::Result<Vec<PathBuf>> =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect();
    let is_meant = |path: &PathBuf| path.extension().is_some_and(|found| found == extension);
    Ok(paths?.into_iter().filter(is_meant).collect())
}

/// The position that a snapshot is good for.
pub(super) fn position(path: &Path) -> Result<Position, StoreError> {
    Reading::open(path).map(|reading| reading.position)
}

/// Reads a snapshot to its end, block by block; answers its position and how many rows it has.
/// An error says that it is damaged; the blocks before it were good.
pub(super) fn read(
    path: &Path,
    mut take: impl FnMut(Vec<Row>) -> Result<(), StoreError>,
) -> Result<(Position, u64), StoreError> {
    let mut reading = Reading::open(path)?;
    let mut count = 0;
    loop {
        match reading.block()? {
            Block::Rows(rows) => {
                count += rows.len() as u64;
                take(rows)?;
            }
            Block::End(wanted) if wanted == count => return Ok((reading.position, count)),
            Block::End(_) => return Err(damaged(path, "rows are missing")),
        }
    }
}

enum Block {
    Rows(Vec<Row>),
    End(u64),
}

struct Reading {
    path: PathBuf,
    file: BufReader<File>,
    position: Position,
}

impl Reading {
    fn open(path: &Path) -> Result<Self, StoreError> {
        let file = File::open(path);
        let file = file.map_err(|source| StoreError::Io { doing: "open a snapshot", source })?;
        let mut reading = Self {
            path: path.to_owned(),
            file: BufReader::new(file),
            position: Position::default(),
        };
        let mut head = [0; 10];
        reading.fill(&mut head)?;
        let [magic @ .., v0, v1] = head;
        if magic != MAGIC {
            return Err(damaged(path, "it does not begin like one"));
        }
        match u16::from_le_bytes([v0, v1]) {
            VERSION => {}
            // So many versions there will never be.
            0 | 100.. => return Err(damaged(path, "it is of no version")),
            _ => {
                let problem = "it was written by a newer sereno; use that one".to_owned();
                return Err(StoreError::Unusable { directory: path.to_owned(), problem });
            }
        }
        let mut bytes = [0; Position::BYTES];
        reading.fill(&mut bytes)?;
        reading.position =
            Position::from_bytes(&bytes).ok_or_else(|| damaged(path, "its position is none"))?;
        let mut crc = [0; 4];
        reading.fill(&mut crc)?;
        if header(&reading.position).last_chunk() != Some(&crc) {
            return Err(damaged(path, "its header's checksum does not fit"));
        }
        Ok(reading)
    }

    fn block(&mut self) -> Result<Block, StoreError> {
        let mut head = [0; 12];
        self.fill(&mut head)?;
        let [r0, r1, r2, r3, z0, z1, z2, z3, crc @ ..] = head;
        let raw = u32::from_le_bytes([r0, r1, r2, r3]) as usize;
        let size = u32::from_le_bytes([z0, z1, z2, z3]) as usize;
        if raw.max(size) > limits::SNAPSHOT_BLOCK_BYTES_MAX {
            return Err(damaged(&self.path, "a block's length does not fit"));
        }
        let mut bytes = vec![0; size];
        self.fill(&mut bytes)?;
        if crc32fast::hash(&bytes) != u32::from_le_bytes(crc) {
            return Err(damaged(&self.path, "a block's checksum does not fit"));
        }
        if raw == 0 {
            let count = bytes.as_slice().try_into().map(u64::from_le_bytes);
            return count.map(Block::End).map_err(|_| damaged(&self.path, "its end is none"));
        }
        let rows = lz4_flex::block::decompress(&bytes, raw).ok();
        let rows = rows.and_then(|rows| rows_of(&rows));
        rows.map(Block::Rows).ok_or_else(|| damaged(&self.path, "a block is not readable"))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), StoreError> {
        self.file.read_exact(bytes).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => damaged(&self.path, "it ends too early"),
            _ => StoreError::Io { doing: "read a snapshot", source },
        })
    }
}

fn header(position: &Position) -> Vec<u8> {
    let mut bytes = [&MAGIC[..], &VERSION.to_le_bytes(), &position.to_bytes()].concat();
    let crc = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

fn block(rows: Vec<Row>) -> Vec<u8> {
    let writes = rows.into_iter().map(|(key, value)| Write::Put(key, value)).collect();
    let mut raw = Vec::new();
    frame::write(&mut raw, &Batch { partition: Partition(0), writes });
    sealed(raw.len(), &lz4_flex::block::compress(&raw))
}

fn rows_of(bytes: &[u8]) -> Option<Vec<Row>> {
    let row = |write| match write {
        Write::Put(key, value) => Some((key, value)),
        Write::Delete(_) => None,
    };
    frame::read(Partition(0), bytes)?.writes.into_iter().map(row).collect()
}

fn sealed(raw: usize, bytes: &[u8]) -> Vec<u8> {
    let length = |bytes: usize| u32::try_from(bytes).expect("a block is far smaller than 4 GiB");
    let mut block = Vec::with_capacity(12 + bytes.len());
    block.extend_from_slice(&length(raw).to_le_bytes());
    block.extend_from_slice(&length(bytes.len()).to_le_bytes());
    block.extend_from_slice(&crc32fast::hash(bytes).to_le_bytes());
    block.extend_from_slice(bytes);
    block
}

fn damaged(path: &Path, problem: &'static str) -> StoreError {
    StoreError::Snapshot { path: path.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_that_fails_leaves_nothing_and_a_crash_leaves_what_the_next_start_removes() {
        let home = tempfile::tempdir().unwrap();
        let mut pages = vec![Err(StoreError::Full), Ok(vec![(b"k".to_vec(), vec![7; 9_000])])];
        let page = |_: &[u8]| pages.pop().unwrap();
        assert!(write(home.path(), &Position::default(), page).is_err());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        let unfinished = home.path().join("7.unfinished");
        fs::write(&unfinished, b"half").unwrap();
        assert!(list(home.path()).unwrap().is_empty());
        assert!(unfinished.exists(), "it may be another's, who is just writing it");
        sweep(home.path()).unwrap();
        assert!(!unfinished.exists());
    }
}
