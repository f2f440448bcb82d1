//! Which pictures may stand in a page as they are: those that only draw.

/// The elements of figures.
const ELEMENTS: [&str; 8] = ["svg", "title", "desc", "text", "rect", "circle", "polygon", "polyline"];
/// Their attributes.
const ATTRIBUTES: [&str; 24] = [
    "cx",
    "cy",
    "dy",
    "fill",
    "font-family",
    "font-size",
    "font-weight",
    "height",
    "opacity",
    "points",
    "r",
    "role",
    "stroke",
    "stroke-width",
    "text-anchor",
    "transform",
    "viewBox",
    "width",
    "x",
    "y",
    "xmlns",
    "x1",
    "x2",
    "y1",
];

/// Whether an SVG is made of a figure's elements and attributes alone, and of one element with all others in it: it can run nothing,
/// fetch nothing, and ends where it is said to end.
pub fn only_draws(svg: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg.trim();
    let mut is_first = true;
    while let Some(after) = rest.strip_prefix('<') {
        let Some((tag, behind)) = after.split_once('>') else { return false };
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else {
            let (tag, is_closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let Some(name) = element(tag) else { return false };
            if open.is_empty() && !(is_first && name == "svg") {
                return false;
            }
            is_first = false;
            if !is_closed {
                open.push(name);
            }
        }
        let text = behind.find('<').unwrap_or(behind.len());
        if open.is_empty() {
            return behind.trim().is_empty() && !is_first;
        }
        rest = &behind[text..];
    }
    false
}

/// The name of an element that figures have, by its tag.
fn element(tag: &str) -> Option<&str> {
    let (name, mut attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    while !attributes.trim().is_empty() {
        let (attribute, value) = attributes.trim_start().split_once("=\"")?;
        let (_, behind) = value.split_once('"')?;
        if !ATTRIBUTES.contains(&attribute) {
            return None;
        }
        attributes = behind;
    }
    ELEMENTS.contains(&name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_only_draw_and_what_runs_or_fetches_does_not() {
        let inside = |inside: &str| {
            format!("<svg width=\"1\" xmlns=\"http://www.w3.org/2000/svg\">\n{inside}</svg>\n")
        };
        assert!(only_draws(&inside("<title>A &lt;b&gt;</title><rect x=\"1\" fill=\"#ffffff\"/>")));
        for bad in [
            inside("<script>alert(1)</script>"),
            inside("<rect onload=\"alert(1)\"/>"),
            inside("<rect x=\"1\"onload=\"alert(1)\"/>"),
            inside("<rect x='1'/>"),
            inside("<image href=\"http://example.org\"/>"),
            inside("<foreignObject></foreignObject>"),
            inside("<!-- <rect/> -->"),
            inside("</svg><p>"),
            inside("<rect>"),
            format!("{}<p>after</p>", inside("")),
            "<p></p>".to_owned(),
            "text".to_owned(),
            String::new(),
        ] {
            assert!(!only_draws(&bad), "{bad}");
        }
    }

    #[test]
    fn every_committed_figure_only_draws() {
        let figures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../figures");
        let svgs = std::fs::read_dir(figures).unwrap().map(|entry| entry.unwrap().path());
        let svgs: Vec<_> = svgs.filter(|path| path.extension().is_some_and(|e| e == "svg")).collect();
        assert!(svgs.len() > 10);
        for path in svgs {
            assert!(only_draws(&std::fs::read_to_string(&path).unwrap()), "{}", path.display());
        }
    }
}
