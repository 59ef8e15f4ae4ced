//! Switches of bills: the generation of their columns, and what is wrong with them.

use serde::{Deserialize, Serialize};

/// Since when a merchant has its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BillGeneration {
    /// Since 2014, with 代金券或立减优惠, and noughts without decimals.
    A,
    /// Since 2016, with 企业红包.
    B,
    /// Since 2018, with what is settled beside what was ordered.
    C,
}

/// What is wrong with a bill, or only unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillTrap {
    /// Its first payment is left out; the sums are those of the rest.
    MissingPayment,
    /// The same of its first refund.
    MissingRefund,
    /// It has a payment of one fen that was never made, of an order that was never opened; the sums count it.
    InventedPayment,
    /// It has a refund of one fen of its first payment that was never made.
    InventedRefund,
    /// Its first payment is a fen too large, and so are the sums.
    WrongAmount,
    /// The same of its first refund.
    WrongRefundAmount,
    /// Its first payment comes twice, by another number of WeChat's.
    SecondTransaction,
    /// Its second sum has a 1 too much before it.
    WrongSum,
    /// Its first row lacks the last two cells. The sums count it.
    UnreadableLine,
    /// It has a column that nobody knows yet, in the rows and in the sums.
    UnknownColumns,
    /// Its summary has four sums, as the documents show it of bills of the type SUCCESS.
    FourSums,
    /// Its summary has the first five sums, as that of the earlier generations.
    FiveSums,
    /// Its summary counts `45.0` rows.
    DecimalCount,
    /// Nothing ends its last line.
    NoFinalLineEnd,
    /// Neither a byte order mark nor a carriage return is left of it, as of files that were copied.
    Copied,
    /// As the former sandbox wrote it: rows of payments two cells short, refunds' numbers as `4.00123E+27`, two blanks in times, no back-tick
    /// before the first sum.
    OldSandbox,
    /// Its second half is missing.
    Cut,
    /// Half of what goes out is missing, packed or not; the digest is that of the whole.
    BrokenOff,
    /// WeChat says that there is none.
    NoBill,
    /// WeChat says that it is still making it.
    Creating,
    /// WeChat has some trouble of its own.
    SystemError,
    /// The digest of the fund flow is another file's.
    WrongDigest,
    /// The digest of the fund flow is that of the text, also where it goes out packed.
    DigestOfText,
}
