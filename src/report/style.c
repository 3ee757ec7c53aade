/* SPDX-License-Identifier: Apache-2.0
 *
 * The eight colours are those of Okabe and Ito (2008), which people with any kind of colour vision
 * can tell apart; the ninth series begins anew, hatched. No var(): viewers of SVG that are no
 * browsers do not have it. */
#include "report/style.h"

const char cuvee__style_plots[] =
    ".plot{font:12px system-ui,sans-serif;max-width:100%;height:auto}\n"
    ".paper{fill:#fff}.plot text{fill:#222}.plot .soft{fill:#666}\n"
    ".rule{stroke:#ddd;stroke-width:1}.axis{stroke:#888;stroke-width:1}\n"
    ".area{stroke:#fff;stroke-width:.5}.others{fill:#ccc}\n"
    ".dashed,.line{fill:none;stroke:#222;stroke-width:1.5;stroke-linejoin:round}\n"
    ".dashed{stroke-dasharray:6 4}\n"
    ".dotted{fill:none;stroke:#666;stroke-width:1.5;stroke-dasharray:2 3}\n"
    ".bound{fill:#888;fill-opacity:.25}.claim{fill:#888}.true{fill:#0072b2}\n"
    ".band{fill:#d55e00;fill-opacity:.25;stroke:#d55e00;stroke-width:1}\n"
    ".mark{stroke:#666;stroke-width:1;stroke-dasharray:1 2}\n"
    ".hatch{stroke:#fff;stroke-width:1.5}\n"
    ".c0{fill:#0072b2}.c1{fill:#e69f00}.c2{fill:#009e73}.c3{fill:#cc79a7}"
    ".c4{fill:#56b4e9}.c5{fill:#d55e00}.c6{fill:#f0e442}.c7{fill:#999}\n"
    ".s0{stroke:#0072b2}.s1{stroke:#e69f00}.s2{stroke:#009e73}.s3{stroke:#cc79a7}"
    ".s4{stroke:#56b4e9}.s5{stroke:#d55e00}.s6{stroke:#a89a00}.s7{stroke:#777}\n"
    ".curve{fill:none;stroke-width:1.8;stroke-linejoin:round}.dash1{stroke-dasharray:7 3}"
    ".dash2{stroke-dasharray:2 2}.dash3{stroke-dasharray:8 3 2 3}\n"
    ".marker{stroke:#222;stroke-width:.7}.hollow{fill:#fff;stroke-width:1.6}\n"
    ".flagged{fill:none;stroke:#d55e00;stroke-width:1.2;stroke-dasharray:2 1.5}\n"
    ".whisker{stroke:#222;stroke-width:1.2}.leader{stroke:#999;stroke-width:.7}\n"
    ".one{stroke:#222;stroke-width:1.2;stroke-dasharray:4 3}"
    ".ideal{stroke:#666;stroke-width:1;stroke-dasharray:6 4}"
    ".frontier{fill:none;stroke:#009e73;stroke-width:1.5;stroke-dasharray:5 3}\n"
    ".stripe{fill:#888;fill-opacity:.08}.plot .strong{font-weight:600}"
    ".plot .small{font-size:10px;fill:#666}\n"
    ".phase{stroke:#fff;stroke-width:.5}.p0{fill:#999}.p1{fill:#e69f00}.p2{fill:#56b4e9}"
    ".p3{fill:#0072b2}\n"
    ".n0{fill:#d55e00}.n1{fill:#cc79a7}.n2{fill:#999}.n3{fill:#e69f00}\n"
    "@media(prefers-color-scheme:dark){.paper{fill:#1b1b1b}.plot text{fill:#eee}"
    ".plot .soft{fill:#aaa}.rule{stroke:#3a3a3a}.area,.hatch{stroke:#1b1b1b}.others{fill:#555}"
    ".dashed,.line{stroke:#eee}.dotted,.mark{stroke:#aaa}.band{fill:#ff9248;stroke:#ff9248}"
    ".marker{stroke:#1b1b1b}.hollow{fill:#1b1b1b}.whisker,.one{stroke:#eee}"
    ".leader{stroke:#777}.ideal{stroke:#aaa}.frontier{stroke:#2fd0a0}.s0{stroke:#4aa3dd}"
    ".s6{stroke:#f0e442}.s7{stroke:#aaa}.c0,.true,.p3{fill:#2b8fd0}.phase{stroke:#1b1b1b}"
    ".plot .small{fill:#aaa}}\n";

const char cuvee__style_patterns[] =
    "<defs><pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" "
    "patternTransform=\"rotate(45)\"><line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"5\"/>"
    "</pattern></defs>\n";

const char cuvee__style_page[] =
    ":root{color-scheme:light dark;--ink:#222;--soft:#666;--rule:#ddd;--paper:#fff}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#eee;--soft:#aaa;--rule:#3a3a3a;"
    "--paper:#1b1b1b}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);"
    "max-width:60rem;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.15rem;margin-top:2.2rem}\n"
    "code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}\n"
    ".scroll{overflow-x:auto}.patterns{position:absolute}\n"
    "table{border-collapse:collapse;margin:.5rem 0}\n"
    "caption{text-align:left;color:var(--soft);padding:.2rem 0}\n"
    "th,td{text-align:left;vertical-align:top;padding:.2rem .9rem .2rem 0;"
    "border-bottom:1px solid var(--rule)}\n"
    "th{font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "s,.soft{color:var(--soft)}\n"
    ".figures{display:flex;flex-wrap:wrap;gap:.4rem 2.4rem;margin:1.2rem 0;padding:0}\n"
    ".figures div{min-width:7rem}.figures dt{color:var(--soft)}\n"
    ".figures dd{margin:0;font-size:1.25rem;font-variant-numeric:tabular-nums}\n"
    "footer{margin-top:3rem;color:var(--soft)}\n";
