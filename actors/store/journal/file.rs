//! The journal in segment files: one group is one write and one `fdatasync`.
//!
//! Segments are numbered without gaps, and each begins with how far the journal went before it, so
//! what is missing is known exactly. At opening, the last segment is read to its end: a torn group there
//! was never acknowledged and is cut off. Groups that can be read behind one that cannot are damage; it
//! is reported, and reading goes on behind it only for readers who have what is missing.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use sereno_workflows::statistics::Sketch;

use super::reading::{self, Gaps, io_error, path_of};
use super::segment::{self, GROUP_HEAD_BYTES, HEADER_BYTES, Header};
use super::spares::{Spares, sync_directory};
use super::{Frame, Journal, JournalError, Position, Visit};

/// A journal in a directory.
pub struct FileJournal {
    directory: PathBuf,
    epoch: u64,
    spares: Spares,
    gaps: Gaps,
    state: Mutex<State>,
    /// The last group that is durable: for whoever must not wait for the one that is being written.
    durable: AtomicU64,
    /// What each sync took, in microseconds.
    sync_times: Mutex<Sketch>,
}

struct State {
    /// Where each segment begins, by number.
    segments: BTreeMap<u64, Position>,
    head: Position,
    writer: Option<Writer>,
}

struct Writer {
    file: File,
    path: PathBuf,
    number: u64,
    offset: u64,
    end: u64,
}

impl FileJournal {
    /// Opens or creates the journal in `directory`; nobody else may have it open.
    ///
    /// `segment_bytes` is the size of new segments; a group that is larger gets one of its own.
    /// With `salvage`, what is damaged is reported and passed over.
    pub fn open(directory: &Path, segment_bytes: u64, salvage: bool) -> Result<Self, JournalError> {
        let io = |doing| move |source| io_error(doing, directory, source);
        fs::create_dir_all(directory).map_err(io("create"))?;
        let gaps = if salvage { Gaps::Skip } else { Gaps::Refuse };
        if salvage {
            reading::set_unreadable_aside(directory)?;
        }
        let found = reading::headers(directory)?;
        let epoch = found.iter().map(|header| header.epoch).max().unwrap_or_default();
        let segments: BTreeMap<u64, Position> =
            found.into_iter().map(|header| (header.number, header.start)).collect();
        let mut head = Position::default();
        let mut writer = None;
        if let Some((&number, start)) = segments.last_key_value() {
            let (end, opened) = open_last(&path_of(directory, number), number, start)?;
            head = end;
            writer = Some(opened);
        }
        let spares = Spares::open(directory, segment_bytes).map_err(io("prepare"))?;
        sync_directory(directory)?;
        let durable = AtomicU64::new(head.group);
        let state = Mutex::new(State { segments, head, writer });
        let (directory, epoch) = (directory.to_owned(), epoch + 1);
        Ok(Self { directory, epoch, spares, gaps, state, durable, sync_times: Mutex::default() })
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What each sync took, in microseconds, since it was opened.
    pub fn sync_times(&self) -> Sketch {
        self.sync_times.lock().clone()
    }

    /// Whether nothing was ever appended here.
    pub fn is_new(&self) -> bool {
        self.state.lock().segments.is_empty()
    }

    /// Goes on at a position that lies ahead: somebody else still has what was lost here. What is in
    /// between cannot be read any more.
    pub fn skip_to(&self, position: &Position) -> Result<(), JournalError> {
        let mut state = self.state.lock();
        state.head = position.clone();
        self.durable.store(position.group, Ordering::SeqCst);
        self.begin_segment(&mut state, 0)
    }

    /// The last group that is durable.
    pub(super) fn durable(&self) -> u64 {
        self.durable.load(Ordering::SeqCst)
    }

    /// How far it goes, and where the next group is written: in which segment, at which byte.
    pub(super) fn end(&self) -> (Position, Option<(u64, u64)>) {
        let state = self.state.lock();
        let place = state.writer.as_ref().map(|writer| (writer.number, writer.offset));
        (state.head.clone(), place)
    }

    /// The last segment whose beginning is as wanted.
    pub(super) fn segment_at(&self, wanted: impl Fn(&Position) -> bool) -> Option<(u64, Position)> {
        let state = self.state.lock();
        let found = state.segments.iter().rev().find(|(_, start)| wanted(start));
        found.map(|(number, start)| (*number, start.clone()))
    }

    /// The first segment after one.
    pub(super) fn segment_after(&self, number: u64) -> Option<(u64, Position)> {
        let state = self.state.lock();
        let found = state.segments.range(number + 1..).next();
        found.map(|(number, start)| (*number, start.clone()))
    }

    /// The oldest segment.
    pub(super) fn oldest(&self) -> Option<(u64, Position)> {
        self.segment_after(0)
    }

    /// The segments, oldest first: where each begins and its file.
    pub fn segments(&self) -> Vec<(Position, PathBuf)> {
        let state = self.state.lock();
        let path = |number: &u64| path_of(&self.directory, *number);
        state.segments.iter().map(|(number, start)| (start.clone(), path(number))).collect()
    }

    fn begin_segment(&self, state: &mut State, group_bytes: u64) -> Result<(), JournalError> {
        let number = state.segments.last_key_value().map_or(1, |(number, _)| number + 1);
        let spare = self.spares.take(HEADER_BYTES as u64 + group_bytes)?;
        let path = path_of(&self.directory, number);
        let io = |doing| move |source| io_error(doing, &path_of(&self.directory, number), source);
        let file = OpenOptions::new().read(true).write(true).open(&spare).map_err(io("open"))?;
        let header = Header { number, epoch: self.epoch, start: state.head.clone() };
        file.write_all_at(&header.to_bytes(), 0).map_err(io("begin"))?;
        // A segment has its name only once its header is on disk.
        file.sync_data().map_err(io("sync"))?;
        fs::rename(&spare, &path).map_err(io("name"))?;
        sync_directory(&self.directory)?;
        let end = file.metadata().map_err(io("measure"))?.len();
        state.segments.insert(number, header.start);
        state.writer = Some(Writer { file, path, number, offset: HEADER_BYTES as u64, end });
        Ok(())
    }
}

impl Journal for FileJournal {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn head(&self) -> Position {
        self.state.lock().head.clone()
    }

    fn append(&self, frames: &[Frame<'_>]) -> Result<(), JournalError> {
        let mut state = self.state.lock();
        let mut head = state.head.clone();
        head.group += 1;
        for frame in frames {
            let &Frame { partition, epoch, seq, .. } = frame;
            if epoch != self.epoch || seq != head.seq(partition) + 1 {
                return Err(JournalError::Fenced { partition, seq, epoch });
            }
            head.advance(partition, seq);
        }
        let payload: usize = frames.iter().map(|frame| frame.bytes.len() + 32).sum();
        let bytes_max = (GROUP_HEAD_BYTES + payload) as u64;
        let fits = |writer: &Writer| writer.offset + bytes_max <= writer.end;
        if !state.writer.as_ref().is_some_and(fits) {
            self.begin_segment(&mut state, bytes_max)?;
        }
        let writer = state.writer.as_mut().expect("a segment was just begun");
        let bytes = segment::group_to_bytes(writer.number, head.group, frames);
        let io = |doing| move |source| (doing, source);
        let written =
            writer.file.write_all_at(&bytes, writer.offset).map_err(io("write to")).and_then(
                |()| {
                    let began = Instant::now();
                    let synced = writer.file.sync_data().map_err(io("sync"));
                    let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                    self.sync_times.lock().add(took);
                    synced
                },
            );
        written.map_err(|(doing, source)| io_error(doing, &writer.path, source))?;
        writer.offset += bytes.len() as u64;
        let group = head.group;
        state.head = head;
        self.durable.store(group, Ordering::SeqCst);
        Ok(())
    }

    fn read_from(&self, from: &Position, visit: Visit<'_>) -> Result<Position, JournalError> {
        let head = self.head();
        let mut reached =
            reading::walk(&self.segments(), Some(head.group), from, self.gaps, visit)?;
        reached.group = head.group.max(reached.group);
        Ok(reached)
    }

    fn retain(&self, from: &Position) -> Result<(), JournalError> {
        loop {
            let oldest = {
                let mut state = self.state.lock();
                // The segment after it must begin no later than what is kept.
                let second = state.segments.values().nth(1);
                if second.is_none_or(|second| second.group > from.group) {
                    return Ok(());
                }
                state.segments.pop_first().map(|(number, _)| path_of(&self.directory, number))
            };
            let Some(path) = oldest else { return Ok(()) };
            let recycled = self.spares.recycle(&path);
            recycled.map_err(|source| io_error("recycle", &path, source))?;
        }
    }

    fn bytes_after(&self, from: &Position) -> u64 {
        let state = self.state.lock();
        let whole = state.segments.values().filter(|start| start.group >= from.group).count();
        let last = state.writer.as_ref().map_or(0, |writer| writer.offset);
        let size = state.writer.as_ref().map_or(0, |writer| writer.end);
        (whole.saturating_sub(1) as u64) * size + last
    }
}

/// Finds the end of the last segment. What lies behind it was never acknowledged, unless more groups
/// follow: then the end is behind those, and reading will find the damage.
fn open_last(
    path: &Path,
    number: u64,
    start: &Position,
) -> Result<(Position, Writer), JournalError> {
    let bytes = fs::read(path).map_err(|source| io_error("read", path, source))?;
    let mut head = start.clone();
    let mut offset = HEADER_BYTES;
    loop {
        let group = segment::next_group(&bytes, number, offset);
        let Some(group) = group.filter(|group| group.number > head.group) else { break };
        head.group = group.number;
        let frames = group.unpack().unwrap_or_default();
        for frame in segment::frames(&frames).flatten() {
            head.advance(frame.partition, frame.seq);
        }
        offset = group.end;
    }
    if segment::is_begun(&bytes, number, offset) {
        tracing::warn!(path = %path.display(), offset,
            "a group at the end of the journal is not whole and was cut off: it was being written, and \
             not acknowledged, unless the file was damaged since");
    }
    let file = OpenOptions::new().read(true).write(true).open(path);
    let file = file.map_err(|source| io_error("open", path, source))?;
    // After a kill the last groups may be in memory alone.
    file.sync_data().map_err(|source| io_error("sync", path, source))?;
    let end = bytes.len() as u64;
    let path = path.to_owned();
    Ok((head, Writer { file, path, number, offset: offset as u64, end }))
}
