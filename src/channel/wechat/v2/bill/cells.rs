//! Columns by their names, and the cells of a line.

use super::unreadable::LineFault;

/// What merchants and others write as they like. The separator ``,` `` may stand in them, and nothing tells it from the file's own.
const FREE_TEXTS: [&str; 3] = ["商品名称", "商户数据包", "备注"];

/// The names of a file's columns, or of its sums.
pub struct Header {
    names: Vec<String>,
    /// Behind which column the free texts are over, if they stand side by side.
    texts_end: Option<usize>,
}

/// A column that is there.
pub(super) struct Column {
    /// The name that WeChat gives it now.
    pub(super) name: &'static str,
    place: Place,
}

enum Place {
    FromStart(usize),
    /// Behind the free texts: 1 is the last one.
    FromEnd(usize),
}

impl Header {
    /// `None`: a name comes twice, so it names nothing.
    pub(super) fn of(line: &str) -> Option<Self> {
        let names: Vec<_> = line.split(',').map(|name| name.trim().to_owned()).collect();
        let mut sorted: Vec<_> = names.iter().filter(|name| !name.is_empty()).collect();
        sorted.sort_unstable();
        let count = sorted.len();
        sorted.dedup();
        let texts: Vec<_> = names.iter().enumerate().filter(|(_, name)| FREE_TEXTS.contains(&name.as_str())).map(|(at, _)| at).collect();
        let are_neighbours = texts.windows(2).all(|pair| matches!(pair, [one, next] if one + 1 == *next));
        let texts_end = texts.last().filter(|_| are_neighbours).map(|last| last + 1);
        (sorted.len() == count).then_some(Self { names, texts_end })
    }

    /// The column with the first of these names that is there: the present one stands first, those of earlier generations behind it.
    pub(super) fn find(&self, names: &[&'static str]) -> Option<Column> {
        let at = names.iter().find_map(|name| self.names.iter().position(|there| there == name))?;
        let is_behind_texts = self.texts_end.is_some_and(|end| at >= end);
        let place = if is_behind_texts { Place::FromEnd(self.names.len() - at) } else { Place::FromStart(at) };
        Some(Column { name: names.first()?, place })
    }
}

/// The cells of one line.
pub struct Cells<'a> {
    cells: Vec<&'a str>,
    /// Whether there are more than columns, so that one of the free texts holds a separator.
    pub(super) is_surplus: bool,
}

impl<'a> Cells<'a> {
    pub(super) fn of(line: &'a str, header: &Header) -> Result<Self, LineFault> {
        let cells: Vec<_> = line.strip_prefix('`').ok_or(LineFault::NoRow)?.split(",`").collect();
        let (expected, found) = (header.names.len(), cells.len());
        let is_surplus = found > expected;
        if found == expected || (is_surplus && header.texts_end.is_some()) {
            Ok(Self { cells, is_surplus })
        } else {
            Err(LineFault::Cells { expected, found })
        }
    }

    /// What stands in a column, by what reads it.
    pub(super) fn read<T>(&self, column: &Column, read: impl FnOnce(&'a str) -> Option<T>) -> Result<T, LineFault> {
        let at = match column.place {
            Place::FromStart(at) => Some(at),
            Place::FromEnd(behind) => self.cells.len().checked_sub(behind),
        };
        at.and_then(|at| self.cells.get(at)).and_then(|cell| read(cell)).ok_or(LineFault::Cell(column.name))
    }

    /// The same of a column that not every file has.
    pub(super) fn read_if_there<T>(
        &self,
        column: Option<&Column>,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, LineFault> {
        column.map(|column| self.read(column, read)).transpose()
    }
}
