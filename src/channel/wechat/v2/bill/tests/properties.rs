//! What holds of any bill, however it is cut or torn.

use proptest::prelude::*;

use super::writer::any_file;
use super::*;

/// The file in pieces of some bytes at a time.
fn in_pieces(file: &[u8], piece: usize) -> BufReader<&[u8]> {
    BufReader::with_capacity(piece, file)
}

proptest! {
    #[test]
    fn what_was_written_is_read_again(file in any_file(), piece in 1usize..200) {
        let text = file.text();
        let (rows, unreadable, end) = read_through(BillReader::new(in_pieces(text.as_bytes(), piece)).unwrap());
        prop_assert_eq!(rows, file.rows.into_iter().map(|written| written.row).collect::<Vec<_>>());
        prop_assert_eq!(unreadable, []);
        prop_assert!(end.agrees, "{:?}", end);
    }

    #[test]
    fn wherever_a_file_is_cut_it_never_agrees_without_a_row(file in any_file(), at in any::<prop::sample::Index>()) {
        let text = file.text();
        let cut = at.index(text.len());
        if let Ok(bill) = BillReader::new(&text.as_bytes()[..cut]) {
            let (rows, unreadable, end) = read_through(bill);
            prop_assert_eq!(unreadable.len() as u64, end.unreadable);
            prop_assert!(!end.agrees || rows.len() == file.rows.len(), "{} of {}", cut, text.len());
        }
    }

    #[test]
    fn torn_files_never_panic_and_no_line_is_lost(file in any_file(), at in any::<prop::sample::Index>(), with in any::<Vec<u8>>(), gone in 0usize..40) {
        let mut bytes = file.text().into_bytes();
        let from = at.index(bytes.len());
        let to = bytes.len().min(from + gone);
        bytes.splice(from..to, with);
        if let Ok(bill) = BillReader::new(&bytes[..]) {
            let (rows, unreadable, end) = read_through(bill);
            let lines = bytes.split(|b| *b == b'\n').filter(|line| !matches!(line, [] | [b'\r'] | [0xef, 0xbb, 0xbf])).count();
            // All but the header, and the summary with its own where they could be read.
            prop_assert!(rows.len() + unreadable.len() + 1 + 2 >= lines, "{} rows of {} lines", rows.len(), lines);
            prop_assert!(end.summary.is_some() || rows.len() + unreadable.len() + 2 >= lines);
        }
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let _ = BillReader::new(&bytes[..]).map(read_through);
        let _ = FundFlowReader::new(&bytes[..]).map(read_through);
    }

    #[test]
    fn so_are_lines_of_ticks_and_commas(text in "[`,0-9.总交易单数\r\n-]{0,200}") {
        let header = samples::ALL.lines().next().unwrap();
        let (rows, _, end) = read(format!("{header}\n{text}").as_bytes());
        prop_assert!(rows.is_empty() && end.sums == TradeSums::default());
        let header = samples::FUND_FLOW.lines().next().unwrap();
        let flow = format!("{header}\n{text}");
        prop_assert!(read_through(FundFlowReader::new(flow.as_bytes()).unwrap()).0.is_empty());
    }
}

#[test]
fn every_cut_of_the_samples_is_read_or_refused() {
    for sample in [samples::ALL, samples::SUCCESS, samples::REFUND, samples::FUND_FLOW] {
        let file = samples::on_the_wire(sample);
        let whole = file.len() - "\r\n".len();
        for cut in 0..file.len() {
            if let Ok(bill) = BillReader::new(&file[..cut]) {
                // A last amount without its noughts, or without its line end, is the same amount.
                assert_eq!(bill.end().unwrap().agrees, cut >= whole - ".00".len() && (cut != whole - ".0".len()), "{cut} of {whole}");
            }
            if let Ok(flow) = FundFlowReader::new(&file[..cut]) {
                assert!(!flow.end().unwrap().agrees || cut + 10 > whole);
            }
        }
    }
}
