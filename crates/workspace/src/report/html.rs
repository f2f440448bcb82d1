//! HTML, written part by part.

use crate::claims::{Claim, Judged, Verdict, sentence};
use crate::report::svg::only_draws;

/// Light and dark, wide and narrow, screen and paper. Figures keep their white ground: their colours are made for it.
const STYLE: &str = "
:root { --ground: #ffffff; --text: #1a1a1a; --muted: #555555; --line: #d8d8d8; --soft: #f5f5f3; --good: #00684a; --bad: #a33a00; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #16181c; --text: #e9e9e6; --muted: #a9adb3; --line: #3a3e45; --soft: #20242a; --good: #4cc79b; --bad: #ff9d5c; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--ground); color: var(--text);
  font: 16px/1.5 \"DejaVu Sans\", system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
nav ol { columns: 24rem; column-gap: 3rem; padding-left: 1.6rem; } a { color: inherit; }
.claim { border-left: .35rem solid var(--line); padding: .2rem 0 .2rem .9rem; margin: 1rem 0; }
.claim.reproduced { border-color: var(--good); } .claim.not-reproduced { border-color: var(--bad); }
.verdict { font-weight: bold; } .reproduced .verdict { color: var(--good); } .not-reproduced .verdict { color: var(--bad); }
.claim p { margin: .2rem 0; } .source, .again, .note { color: var(--muted); font-size: .9rem; }
figure { margin: 1rem 0; background: #ffffff; border: 1px solid var(--line); overflow-x: auto; }
figure svg { display: block; width: 100%; height: auto; min-width: 34rem; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem; }
.beside figure svg { min-width: 0; }
details { margin: .6rem 0; } summary { cursor: pointer; }
.scroll { overflow-x: auto; max-height: 36rem; overflow-y: auto; border: 1px solid var(--line); }
table { border-collapse: collapse; font-size: .82rem; overflow-wrap: normal; }
th, td { padding: .25rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { position: sticky; top: 0; background: var(--soft); cursor: pointer; white-space: nowrap; }
th[aria-sort=ascending]::after { content: \" ▲\"; } th[aria-sort=descending]::after { content: \" ▼\"; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } td { max-width: 30rem; }
@media print {
  body { max-width: none; font-size: 11px; } nav, details { display: none; } figure, .claim, .beside > div { break-inside: avoid; } .beside { display: block; }
  figure { border: none; } figure svg { min-width: 0; max-height: 22cm; } h2 { break-after: avoid; }
}
";

/// Sorts a table by the column whose heading is pressed.
const SCRIPT: &str = "
for (const heading of document.querySelectorAll('th')) {
  heading.addEventListener('click', () => {
    const table = heading.closest('table'), body = table.tBodies[0];
    const column = [...heading.parentNode.children].indexOf(heading);
    const down = heading.getAttribute('aria-sort') === 'ascending';
    for (const other of heading.parentNode.children) other.removeAttribute('aria-sort');
    heading.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const key = row => row.children[column].textContent;
    const number = heading.dataset.number === '1';
    const order = (a, b) => number ? (parseFloat(key(a)) || 0) - (parseFloat(key(b)) || 0) : key(a).localeCompare(key(b));
    const rows = [...body.rows].sort((a, b) => down ? order(b, a) : order(a, b));
    body.append(...rows);
  });
}
";

/// Text as it may stand in HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text with what stands between two marks as an element.
fn marked_up(text: &str, mark: &str, element: &str) -> String {
    let pieces = text.split(mark).enumerate().map(|(index, piece)| match index % 2 {
        0 => piece.to_owned(),
        _ => format!("<{element}>{piece}</{element}>"),
    });
    pieces.collect()
}

/// A page that grows.
pub struct Page {
    body: String,
    title: String,
}

impl Page {
    /// A page with its title as the first heading.
    pub fn new(title: &str) -> Self {
        Self { body: format!("<h1>{}</h1>\n", escaped(title)), title: title.to_owned() }
    }

    /// HTML as it is.
    pub fn raw(&mut self, html: &str) {
        self.body.push_str(html);
        self.body.push('\n');
    }

    /// A paragraph of text; what stands between backticks is code, and between two asterisks strong.
    pub fn paragraph(&mut self, text: &str) {
        let code = marked_up(&escaped(text), "`", "code");
        self.raw(&format!("<p>{}</p>", marked_up(&code, "**", "b")));
    }

    /// The list of what follows; with what changed, where the page begins with that.
    pub fn contents<'a>(&mut self, changes: bool, sections: impl Iterator<Item = (&'a str, &'a str)>) {
        self.raw("<nav><ol>");
        if changes {
            self.raw("<li><a href=\"#changes\">What changed</a></li>");
        }
        self.raw("<li><a href=\"#claims\">Claims</a></li>");
        for (id, title) in sections {
            self.raw(&format!("<li><a href=\"#{}\">{}</a></li>", escaped(id), escaped(title)));
        }
        self.raw("<li><a href=\"#parameters\">Parameters and their sources</a></li>\n</ol></nav>");
    }

    /// A heading.
    pub fn section(&mut self, id: &str, heading: &str) {
        self.raw(&format!("<h2 id=\"{}\">{}</h2>", escaped(id), escaped(heading)));
    }

    /// A claim with its numbers.
    pub fn claim(&mut self, claim: &Claim, judged: &Judged) {
        let class = match judged.verdict {
            Verdict::Reproduced => "reproduced",
            Verdict::NotReproduced => "not-reproduced",
            Verdict::NotTestable => "not-testable",
        };
        self.raw(&format!("<div class=\"claim {class}\">"));
        self.raw(&format!(
            "<p><b>{}</b> {} <span class=\"verdict\">{}</span></p>",
            escaped(&claim.id),
            escaped(claim.claim.trim()),
            judged.verdict.name()
        ));
        self.raw(&format!(
            "<p class=\"source\">Stated: {0}; shown in <a href=\"#{1}\">{1}</a></p>",
            escaped(&claim.stated),
            escaped(&claim.figure)
        ));
        self.raw("<ul>");
        for text in claim.untestable.iter().cloned().chain(judged.measured.iter().map(sentence)) {
            self.raw(&format!("<li>{}</li>", escaped(&text)));
        }
        self.raw("</ul>");
        if !claim.reading.is_empty() {
            self.paragraph(claim.reading.trim());
        }
        self.raw(&format!("<p class=\"source\">Source of the claim: {}</p></div>", escaped(&claim.source)));
    }

    /// A picture as SVG, if it only draws.
    pub fn picture(&mut self, svg: &str, title: &str) {
        if only_draws(svg) {
            self.raw(&format!("<figure aria-label=\"{}\">{}</figure>", escaped(title), svg.trim()));
        } else {
            let note = "is left out: it is no figure of this program, which only draw";
            self.raw(&format!("<p class=\"note\">The picture “{}” {note}.</p>", escaped(title)));
        }
    }

    /// Two pictures side by side, one below the other where there is no room.
    pub fn pictures(&mut self, pictures: [(&str, &str); 2]) {
        self.raw("<div class=\"beside\">");
        for (title, svg) in pictures {
            self.raw(&format!("<div><p class=\"note\">{}</p>", escaped(title)));
            self.picture(svg, title);
            self.raw("</div>");
        }
        self.raw("</div>");
    }

    /// A table that can be opened and sorted; of each column its heading, its meaning, and whether it holds numbers.
    pub fn table(
        &mut self,
        title: &str,
        note: &str,
        headings: &[(String, String, bool)],
        rows: Vec<Vec<String>>,
    ) {
        self.raw(&format!(
            "<details><summary>{}</summary><p class=\"note\">{}</p><div class=\"scroll\"><table><thead><tr>",
            escaped(title),
            escaped(note)
        ));
        for (heading, meaning, numeric) in headings {
            let (number, meaning) = (u8::from(*numeric), escaped(meaning));
            self.raw(&format!("<th data-number=\"{number}\" title=\"{meaning}\">{}</th>", escaped(heading)));
        }
        self.raw("</tr></thead><tbody>");
        for row in rows {
            let cells = row.iter().zip(headings).map(|(cell, (_, _, numeric))| {
                let class = if *numeric { " class=\"number\"" } else { "" };
                format!("<td{class}>{}</td>", escaped(cell))
            });
            self.raw(&format!("<tr>{}</tr>", cells.collect::<String>()));
        }
        self.raw("</tbody></table></div></details>");
    }

    /// The whole page.
    pub fn finish(self) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n{}<script>{SCRIPT}</script>\n</body>\n</html>\n",
            escaped(&self.title),
            self.body
        )
    }
}
