//! Bound values, the same for either engine.

use std::borrow::Cow;

use chrono::NaiveDateTime;
use sqlx::error::BoxDynError;
use sqlx::{Arguments, Database, Encode, Type};

/// A value that is bound to a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'v> {
    /// A text, or NULL.
    Text(Option<Cow<'v, str>>),
    /// A whole number, or NULL.
    Whole(Option<i64>),
    /// A double.
    Real(f64),
    /// A time as the columns have it, or NULL.
    Time(Option<NaiveDateTime>),
    /// Bytes as they are.
    Bytes(&'v [u8]),
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(Some(Cow::Borrowed(text)))
    }
}

impl<'v> From<Option<&'v str>> for Value<'v> {
    fn from(text: Option<&'v str>) -> Self {
        Self::Text(text.map(Cow::Borrowed))
    }
}

impl<'v> From<Cow<'v, str>> for Value<'v> {
    fn from(text: Cow<'v, str>) -> Self {
        Self::Text(Some(text))
    }
}

impl<'v> From<Option<Cow<'v, str>>> for Value<'v> {
    fn from(text: Option<Cow<'v, str>>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Whole(Some(number))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Whole(number)
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Whole(Some(number.into()))
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<NaiveDateTime> for Value<'_> {
    fn from(time: NaiveDateTime) -> Self {
        Self::Time(Some(time))
    }
}

impl From<Option<NaiveDateTime>> for Value<'_> {
    fn from(time: Option<NaiveDateTime>) -> Self {
        Self::Time(time)
    }
}

impl<'v> From<&'v [u8]> for Value<'v> {
    fn from(bytes: &'v [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

/// The values of one statement, in the order of its `?`.
#[derive(Debug, Default)]
pub struct Values<'v>(Vec<Value<'v>>);

impl<'v> Values<'v> {
    /// These.
    pub fn of<const N: usize>(values: [Value<'v>; N]) -> Self {
        Self(values.into())
    }

    /// One more.
    pub fn add(&mut self, value: impl Into<Value<'v>>) {
        self.0.push(value.into());
    }

    /// Some more.
    pub fn extend<const N: usize>(&mut self, values: [Value<'v>; N]) {
        self.0.extend(values);
    }

    /// How many there are.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The same for an engine's driver.
    ///
    /// # Errors
    /// A value that the driver cannot encode.
    pub(super) fn into_arguments<A>(self) -> Result<A, BoxDynError>
    where
        A: Arguments,
        for<'t> Option<&'t str>: Encode<'t, A::Database> + Type<A::Database>,
        for<'t> Option<NaiveDateTime>: Encode<'t, A::Database> + Type<A::Database>,
        for<'t> Option<i64>: Encode<'t, A::Database> + Type<A::Database>,
        for<'t> &'t [u8]: Encode<'t, A::Database> + Type<A::Database>,
        for<'t> f64: Encode<'t, A::Database> + Type<A::Database>,
        A::Database: Database,
    {
        let mut arguments = A::default();
        arguments.reserve(self.0.len(), 16 * self.0.len());
        for value in self.0 {
            match value {
                Value::Text(text) => arguments.add(text.as_deref())?,
                Value::Whole(number) => arguments.add(number)?,
                Value::Real(number) => arguments.add(number)?,
                Value::Time(time) => arguments.add(time)?,
                Value::Bytes(bytes) => arguments.add(bytes)?,
            }
        }
        Ok(arguments)
    }
}
