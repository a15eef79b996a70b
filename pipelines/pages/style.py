"""The style of all pages, light and dark."""

STYLE = """
:root {
  color-scheme:light dark; --ground:#fff; --card:#f5f6f8; --text:#1b1f24; --dim:#57606a;
  --line:#d0d7de; --link:#0550ae; --succeeded:#1a7f37; --cached:#0550ae; --failed:#b3261e;
  --running:#8a5300; --other:#57606a;
}
@media(prefers-color-scheme:dark) {
  :root {
    --ground:#101418; --card:#1b2128; --text:#e6edf3; --dim:#9da7b1; --line:#38424d;
    --link:#79c0ff; --succeeded:#56d364; --cached:#79c0ff; --failed:#ff8f87;
    --running:#e3b341; --other:#9da7b1;
  }
}
* {box-sizing:border-box}
body {
  margin:0 auto; max-width:72rem; padding:1rem; background:var(--ground);
  color:var(--text); font:16px/1.5 system-ui,sans-serif; overflow-wrap:anywhere;
}
h1 {font-size:1.5rem; margin:.25rem 0}
h2 {font-size:1.15rem; margin:2rem 0 .5rem}
a {color:var(--link)}
:focus-visible {outline:2px solid var(--link); outline-offset:2px}
p {margin:.25rem 0}
.dim {color:var(--dim)}
code,pre {font-size:.875rem}
pre {
  background:var(--card); padding:.75rem; border-radius:.4rem; overflow:auto;
  white-space:pre-wrap;
}
.succeeded {color:var(--succeeded)}
.cached {color:var(--cached)}
.failed,.killed {color:var(--failed)}
.running {color:var(--running)}
.pending,.skipped,.canceled,.stopped {color:var(--other)}
.state {font-weight:600; white-space:nowrap}
.state::before {content:"●"; margin-right:.3em}
.cards {display:flex; flex-wrap:wrap; gap:.6rem; margin:.8rem 0}
.card {
  flex:1 1 8rem; max-width:22rem; background:var(--card); border-radius:.4rem;
  padding:.6rem .8rem;
}
p code {white-space:pre-wrap}
.card b {display:block; font-size:1.1rem}
.error,.note {
  border-left:.3rem solid var(--failed); background:var(--card); padding:.6rem .8rem;
  margin:.6rem 0; white-space:pre-line;
}
.note {border-color:var(--dim)}
.scroll {overflow-x:auto}
table {border-collapse:collapse; width:100%; table-layout:fixed}
.runs {table-layout:auto}
.runs thead th,.runs td>a,.runs td:nth-child(n+2):nth-child(-n+4),.runs td:nth-child(6) {
  white-space:nowrap;
}
th[scope=row] {width:35%; font-weight:400}
thead th {font-size:.875rem}
th,td {
  text-align:left; padding:.3rem .6rem .3rem 0; border-bottom:1px solid var(--line);
  vertical-align:top;
}
details {border-bottom:1px solid var(--line); padding:.4rem 0}
summary {cursor:pointer}
summary .name {font-weight:600; margin-right:.6rem}
.bar {
  display:block; position:relative; height:.6rem; margin:.35rem 0; background:var(--card);
  border-radius:.3rem;
}
.bar i {
  position:absolute; top:0; bottom:0; min-width:3px; border-radius:.3rem;
  background:currentColor;
}
.axis {display:flex; justify-content:space-between; font-size:.8rem; color:var(--dim)}
svg text {fill:var(--text); font:14px system-ui,sans-serif}
svg .box {fill:var(--card); stroke:currentColor; stroke-width:1.5}
svg .edge {fill:none; stroke:var(--dim)}
svg .state {font-size:12px; fill:currentColor}
svg.down {display:none}
.charts {display:flex; flex-wrap:wrap; gap:1rem 2rem}
figure {margin:.5rem 0; max-width:20rem}
figcaption {font-size:.875rem}
.filter {display:flex; flex-wrap:wrap; gap:.5rem 1rem; margin:.5rem 0}
.scroll {margin-bottom:.5rem}
input,select {
  font:inherit; padding:.3rem .5rem; color:inherit; background:var(--card);
  border:1px solid var(--dim); border-radius:.3rem; max-width:100%;
}
@media(max-width:40rem) {
  svg.right {display:none}
  svg.down {display:block; margin:0 auto}
  td code {font-size:.75rem}
  .runs thead {position:absolute; width:1px; height:1px; overflow:hidden; clip-path:inset(50%)}
  .runs tr:not([hidden]) {display:block; border-bottom:1px solid var(--line); padding:.4rem 0}
  .runs td {display:inline-block; border:0; padding:0 .8rem .1rem 0}
  .runs td:empty {display:none}
}
"""
