"""The style of a page: system fonts, both colour schemes, tables that fit a phone or scroll."""

STYLE = """
:root{color-scheme:light dark;
--text:#1b1f24;--soft:#57606a;--back:#fff;--line:#d0d7de;--fill:9,105,218;
--good:#116329;--bad:#a40e26;--c0:#0969da;--c1:#bc4c00;--c2:#116329;--c3:#8250df;--c4:#a40e26}
@media(prefers-color-scheme:dark){:root{--text:#e6edf3;--soft:#9198a1;--back:#0d1117;--line:#3d444d;
--fill:88,166,255;--good:#56d364;--bad:#ff7b72;--c0:#58a6ff;--c1:#f0883e;--c2:#56d364;--c3:#d2a8ff;
--c4:#ff7b72}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:62rem;padding:1rem;background:var(--back);color:var(--text);
font:1rem/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;line-height:1.25}h2{margin:1.75rem 0 .75rem;font-size:1.25rem;
border-bottom:1px solid var(--line)}
h3{margin:.5rem 0;font-size:1rem}p{max-width:45rem;overflow-wrap:anywhere}
.pass,.fail{font-weight:600;white-space:nowrap}.pass{color:var(--good)}.fail{color:var(--bad)}
/* A shadow at a side says that there is more: what covers it moves with the table. */
.scroll{overflow-x:auto;margin:.5rem 0 1rem;
background:linear-gradient(to right,var(--back) 30%,transparent) left/2rem 100% no-repeat local,
linear-gradient(to left,var(--back) 30%,transparent) right/2rem 100% no-repeat local,
linear-gradient(to right,var(--line),transparent) left/.75rem 100% no-repeat,
linear-gradient(to left,var(--line),transparent) right/.75rem 100% no-repeat}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);padding:.25rem 0}
th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;
overflow-wrap:break-word;max-width:24rem}
td.number,th.number{text-align:right}td.number{white-space:nowrap}
.summary{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;max-width:48rem;
padding:.75rem 1rem;border:1px solid var(--line);border-radius:.5rem}
dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}
th[scope=row]:not(.number){min-width:6rem;overflow-wrap:anywhere}
td.text{min-width:12rem;user-select:all}
small{display:block;max-width:24rem;font-weight:400;color:var(--soft)}
summary{cursor:pointer;padding:.25rem 0;color:var(--c0)}
@media(max-width:40rem){.summary{grid-template-columns:1fr}.summary dd{margin-bottom:.5rem}
table{font-size:.875rem}th,td{padding:.25rem .4rem}}
@media(max-width:24rem){body{padding:.5rem}table{font-size:.75rem}th,td{padding:.25rem .2rem}
td.text{min-width:8rem;overflow-wrap:anywhere}}
@media print{.scroll{overflow:visible}}
"""
