"""The style of the figures."""

FIGURES = """
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,18rem),1fr));
gap:.5rem 1.5rem}.figures>div{min-width:0}
.figure{width:100%;max-width:24rem;height:auto}.figure text{fill:var(--soft);font-size:11px}
.middle{text-anchor:middle}.end{text-anchor:end}
.axis{fill:none;stroke:var(--soft)}.grid{stroke:var(--line);stroke-width:.5}
polyline,line{fill:none;stroke-width:2}.diagonal{stroke:var(--soft);stroke-width:1;
stroke-dasharray:3 3}
circle{fill:none;stroke:var(--c0)}.bar{fill:var(--c0);stroke:var(--back)}
.s0{stroke:var(--c0)}.s1{stroke:var(--c1)}
.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}
.s4{stroke:var(--c4)}
.legend{list-style:none;padding:0;margin:.25rem 0}.key{width:2.5rem;height:.5rem}
"""
