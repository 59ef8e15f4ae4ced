//! QR code rendering as SVG, by the server: no library comes to the payer, and it is there without JavaScript.

use qrcode::{Color, EcLevel, QrCode};

/// Around the code, in modules: what the standard asks for, so that it is found on a dark page too.
const QUIET: usize = 4;

/// The code of a link as an `<svg>`, black on white in every light; `None` for a text that no code can hold.
pub fn svg(link: &str, label: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(link, EcLevel::M).ok()?;
    let width = code.width();
    let side = width + 2 * QUIET;
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        // One rectangle a run of dark modules, so that no hairlines show between them.
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] == Color::Dark {
                path.push_str(&format!("M{} {}h{}v1h-{}z", x + QUIET, y + QUIET, run.len(), run.len()));
            }
            x += run.len();
        }
    }
    let label = quick_xml::escape::escape(label);
    Some(format!(
        "<svg id=\"qr\" role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
    ))
}
