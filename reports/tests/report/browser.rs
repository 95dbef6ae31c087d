//! The pages in a real browser: nothing overflows the page, no text leaves its picture, no label
//! lies on another. Without Chromium this is skipped, except where the build must know (`CI`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rehearsal_reports::index::index;
use rehearsal_reports::report;

use crate::edges;
use crate::indexes;
use crate::records::reproduce;

/// Opens each page at each width and lists what sticks out.
const PROBE: &str = r#"<!DOCTYPE html><html><body><pre id="out"></pre><script>
const out = [];
function probe(name, width, doc) {
  const say = what => out.push(name + " at " + width + ": " + what);
  const root = doc.documentElement;
  if (root.scrollWidth > root.clientWidth) say("the page is " + root.scrollWidth + " wide");
  for (const svg of doc.querySelectorAll("svg.chart")) {
    const frame = svg.getBoundingClientRect(), boxes = [];
    for (const text of svg.querySelectorAll("text")) {
      const box = text.getBoundingClientRect();
      if (!box.width) continue;
      const words = text.lastChild ? text.lastChild.textContent.trim() : "";
      if (box.left < frame.left - 1 || box.right > frame.right + 1 ||
          box.top < frame.top - 2 || box.bottom > frame.bottom + 2) say("outside: " + words);
      for (const [other, what] of boxes) {
        const dx = Math.min(box.right, other.right) - Math.max(box.left, other.left);
        const dy = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
        if (dx > 1.5 && dy > 6) say("overlap: " + words + " / " + what);
      }
      boxes.push([box, words]);
    }
  }
  for (const box of doc.querySelectorAll("td, th, dd, dt, p, h1, .tiles > div")) {
    const style = doc.defaultView.getComputedStyle(box);
    if (style.display != "inline" && box.scrollWidth > box.clientWidth + 1)
      say("clipped: " + box.textContent.trim().slice(0, 60));
  }
  for (const table of doc.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      head.querySelector("button").click();
      head.querySelector("button").click();
      const keys = [...table.tBodies[0].rows].map(row => row.cells[at].dataset.key);
      if (head.dataset.sort != "number") return;
      const sorted = keys.every((key, i) => !i || BigInt(keys[i - 1]) >= BigInt(key));
      if (!sorted) say("not sorted by " + head.textContent + ": " + keys);
    });
  }
}
"#;

fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|file| file.is_file())
}

/// Writes every sample page into the target folder, where they can be looked at.
fn write_samples(folder: &Path) -> Vec<&'static str> {
    fs::create_dir_all(folder).unwrap();
    let mut names = Vec::new();
    for (name, record) in edges::all() {
        fs::write(folder.join(format!("{name}.html")), report(&record, &reproduce(&record)))
            .unwrap();
        names.push(name);
    }
    for (name, found) in indexes::all() {
        fs::write(folder.join(format!("{name}.html")), index(&found)).unwrap();
        names.push(name);
    }
    names
}

/// A page on which everything goes wrong that the probe looks for.
const BROKEN: &str = r#"<!DOCTYPE html><body style="width:3000px">
<svg class="chart" viewBox="0 0 100 20" width="100" height="20">
<text x="95" y="10">leaves its picture</text><text x="94" y="10">lies on another</text></svg>
<p style="width:20px;overflow:hidden">unbreakable</p></body>"#;

/// A page that holds every sample in a frame per width, and probes them all.
fn probe_page(folder: &Path, names: &[&str]) -> String {
    let mut page = PROBE.to_owned();
    page += "const pages = {};\n";
    for name in names {
        let html = fs::read_to_string(folder.join(format!("{name}.html"))).unwrap();
        let text = serde_json::to_string(&html).unwrap().replace('<', "\\u003c");
        page += &format!("pages[\"{name}\"] = {text};\n");
    }
    page += &format!("pages[\"broken\"] = {};\n", serde_json::to_string(BROKEN).unwrap());
    page += r#"
for (const [name, html] of Object.entries(pages)) for (const width of [1280, 800]) {
  const frame = document.createElement("iframe");
  frame.style.width = width + "px"; frame.style.height = "900px";
  document.body.append(frame);
  const doc = frame.contentDocument;
  doc.open(); doc.write(html); doc.close();
  probe(name, width, doc);
  frame.remove();
}
document.getElementById("out").textContent = "BEGIN\n" + out.join("\n") + "\nEND";
</script></body></html>"#;
    page
}

#[test]
fn nothing_overflows_in_a_browser() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reports");
    let names = write_samples(&folder);
    let Some(chromium) = chromium() else {
        assert!(std::env::var_os("CI").is_none(), "chromium is not installed");
        println!("skipped: chromium is not installed");
        return;
    };
    let probe = folder.join("probe.html");
    fs::write(&probe, probe_page(&folder, &names)).unwrap();
    let profile = folder.join(format!("profile-{}", std::process::id()));
    let out = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", probe.display()))
        .stderr(Stdio::null())
        .output()
        .unwrap();
    // The browser may still be leaving its folder.
    let _ = fs::remove_dir_all(&profile);
    let dom = String::from_utf8_lossy(&out.stdout);
    let found = dom.split_once("BEGIN\n").and_then(|(_, rest)| rest.split_once("\nEND"));
    let (found, _) = found.expect("the probe ran to its end");
    let (broken, found): (Vec<_>, Vec<_>) =
        found.lines().partition(|line| line.starts_with("broken at "));
    for what in ["the page is", "outside", "overlap", "clipped"] {
        assert!(broken.iter().any(|line| line.contains(what)), "the probe misses: {what}");
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
