//! Reading segment files, of a journal that is in use or of one that nobody has open.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::segment::{self, Group, HEADER_BYTES, Header};
use super::{JournalError, Position, Visit};

const SUFFIX: &str = "journal";

/// A segment: how far the journal went before it, and its file.
pub(in crate::store) type Segment = (Position, PathBuf);

/// The segments in a directory, in order.
pub(in crate::store) fn list(directory: &Path) -> Result<Vec<Segment>, JournalError> {
    let found = headers(directory)?.into_iter();
    Ok(found.map(|header| (header.start, path_of(directory, header.number))).collect())
}

/// The headers of the segments in a directory, in order.
pub(super) fn headers(directory: &Path) -> Result<Vec<Header>, JournalError> {
    let numbers = numbers(directory).map_err(|source| io_error("list", directory, source))?;
    numbers.into_iter().map(|number| header(&path_of(directory, number), number)).collect()
}

/// What to do about groups that cannot be read and that the reader does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Gaps {
    /// It is an error.
    Refuse,
    /// Report them and go on behind them.
    Skip,
}

/// Reads what segments hold after a position, in order; answers where reading ended. `end` is the
/// journal's last group, if that is known.
pub(in crate::store) fn walk(
    segments: &[Segment],
    end: Option<u64>,
    from: &Position,
    gaps: Gaps,
    visit: Visit<'_>,
) -> Result<Position, JournalError> {
    let mut reached = from.clone();
    let Some((oldest, path)) = segments.first() else { return Ok(reached) };
    if oldest.group > from.group {
        missing(path, 0, (from.group, oldest.group), from, gaps)?;
    }
    let first = segments.partition_point(|(start, _)| start.group <= from.group);
    for (index, (start, path)) in segments.iter().enumerate().skip(first.saturating_sub(1)) {
        let end = segments.get(index + 1).map(|(start, _)| start.group).or(end);
        read_segment(path, (start.group, end), from, gaps, &mut reached, visit)?;
    }
    Ok(reached)
}

/// Copies a segment up to the end of its last whole group.
pub(in crate::store) fn copy(from: &Path, to: &Path) -> Result<(), JournalError> {
    let mut bytes = fs::read(from).map_err(|source| io_error("read", from, source))?;
    let header = Header::from_bytes(&bytes).map_err(|problem| foreign(from, problem))?;
    let mut end = HEADER_BYTES;
    // What cannot be read in between is copied too, so that whoever reads the copy finds it.
    while let Some(group) = segment::next_group(&bytes, header.number, end) {
        end = group.end;
    }
    bytes.truncate(end);
    let write = || {
        let mut file = File::create_new(to)?;
        io::Write::write_all(&mut file, &bytes)?;
        file.sync_all()
    };
    write().map_err(|source| io_error("write", to, source))
}

/// Reads those of a segment's groups that follow `from`. The segment should hold the groups after the
/// first number up to the second, if that is known.
fn read_segment(
    path: &Path,
    groups: (u64, Option<u64>),
    from: &Position,
    gaps: Gaps,
    reached: &mut Position,
    visit: Visit<'_>,
) -> Result<(), JournalError> {
    let bytes = fs::read(path).map_err(|source| io_error("read", path, source))?;
    let header = Header::from_bytes(&bytes);
    let header = header.map_err(|problem| foreign(path, problem))?;
    let (mut number, end) = groups;
    let mut offset = HEADER_BYTES;
    while end.is_none_or(|end| number < end) {
        let found = segment::next_group(&bytes, header.number, offset)
            .filter(|group| group.number > number);
        let last = found.map(|group| group.number - 1).or(end);
        if let Some(last) = last.filter(|last| *last > number) {
            missing(path, offset, (number, last), from, gaps)?;
        }
        let Some(group) = found else { return Ok(()) };
        if group.number > from.group {
            visit_group(path, &group, from, reached, visit)?;
        }
        number = group.number;
        offset = group.end;
    }
    Ok(())
}

fn visit_group(
    path: &Path,
    group: &Group<'_>,
    from: &Position,
    reached: &mut Position,
    visit: Visit<'_>,
) -> Result<(), JournalError> {
    let written_wrong = || foreign(path, "a frame in it was written wrong");
    let frames = group.unpack().ok_or_else(written_wrong)?;
    for frame in segment::frames(&frames) {
        let frame = frame.ok_or_else(written_wrong)?;
        if frame.seq > from.seq(frame.partition) {
            visit(frame)?;
            reached.advance(frame.partition, frame.seq);
        }
    }
    reached.group = group.number;
    Ok(())
}

/// Groups after `present` up to `last` cannot be read: an error, unless the reader has them already.
fn missing(
    path: &Path,
    offset: usize,
    (present, last): (u64, u64),
    from: &Position,
    gaps: Gaps,
) -> Result<(), JournalError> {
    let first = present + 1;
    let (path, offset) = (path.to_owned(), offset as u64);
    if last > from.group && gaps == Gaps::Skip {
        tracing::error!(path = %path.display(), offset, first, last,
            "the journal is damaged, and these groups are lost");
        return Ok(());
    }
    if last > from.group {
        return Err(JournalError::Damaged { path, offset, first, last });
    }
    tracing::error!(path = %path.display(), offset, first, last,
        "the journal is damaged; what is missing is in the index, so nothing is lost");
    Ok(())
}

/// The header of a segment.
fn header(path: &Path, number: u64) -> Result<Header, JournalError> {
    let mut bytes = vec![0; HEADER_BYTES];
    let file = File::open(path).map_err(|source| io_error("open", path, source))?;
    file.read_exact_at(&mut bytes, 0).map_err(|source| match source.kind() {
        io::ErrorKind::UnexpectedEof => foreign(path, "it is too short to be one"),
        _ => io_error("read", path, source),
    })?;
    let header = Header::from_bytes(&bytes).map_err(|problem| foreign(path, problem))?;
    if header.number != number {
        return Err(foreign(path, "it has another segment's number"));
    }
    Ok(header)
}

/// Sets aside the segments that do not even begin like one.
pub(super) fn set_unreadable_aside(directory: &Path) -> Result<(), JournalError> {
    let numbers = numbers(directory).map_err(|source| io_error("list", directory, source))?;
    for number in numbers {
        let path = path_of(directory, number);
        if let Err(error) = header(&path, number) {
            tracing::error!(%error, "a segment of the journal is lost and set aside");
            let aside = fs::rename(&path, path.with_extension("damaged"));
            aside.map_err(|source| io_error("set aside", &path, source))?;
        }
    }
    Ok(())
}

/// The numbers of the segments in a directory, in order.
fn numbers(directory: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let is_segment = path.extension().is_some_and(|extension| extension == SUFFIX);
        let number: Option<u64> = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        numbers.extend(number.filter(|_| is_segment));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The file of a segment.
pub(in crate::store) fn path_of(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:012}.{SUFFIX}"))
}

/// A file that is none of ours.
pub(in crate::store) fn foreign(path: &Path, problem: &'static str) -> JournalError {
    JournalError::Foreign { path: path.to_owned(), problem }
}

/// A file that failed.
pub(in crate::store) fn io_error(
    doing: &'static str,
    path: &Path,
    source: io::Error,
) -> JournalError {
    JournalError::Io { doing, path: path.to_owned(), source }
}
