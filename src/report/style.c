/* SPDX-License-Identifier: Apache-2.0
 *
 * The eight colours are those of Okabe and Ito (2008), which people with any kind of colour vision
 * can tell apart; the ninth series begins anew, hatched. */
#include "report/style.h"

const char cuvee__style_plots[] =
    ".plot{--ink:#222;--soft:#666;--rule:#ddd;--paper:#fff;--bound:#888;--peak:#d55e00;"
    "--c0:#0072b2;--c1:#e69f00;--c2:#009e73;--c3:#cc79a7;--c4:#56b4e9;--c5:#d55e00;--c6:#f0e442;"
    "--c7:#999;font:12px system-ui,sans-serif;max-width:100%;height:auto}\n"
    "@media(prefers-color-scheme:dark){.plot{--ink:#eee;--soft:#aaa;--rule:#3a3a3a;--paper:#1b1b1b;"
    "--bound:#999;--peak:#ff9248}}\n"
    ".plot .paper{fill:var(--paper)}\n"
    ".plot text{fill:var(--ink)}.plot .soft{fill:var(--soft)}\n"
    ".plot .rule{stroke:var(--rule);stroke-width:1}.plot .axis{stroke:var(--soft);stroke-width:1}\n"
    ".plot .area{stroke:var(--paper);stroke-width:.5}\n"
    ".plot .line{fill:none;stroke:var(--ink);stroke-width:1.5;stroke-linejoin:round}\n"
    ".plot .dashed{fill:none;stroke:var(--ink);stroke-width:1.5;stroke-dasharray:6 4}\n"
    ".plot .dotted{fill:none;stroke:var(--soft);stroke-width:1.5;stroke-dasharray:2 3}\n"
    ".plot .bound{fill:var(--bound);fill-opacity:.25}\n"
    ".plot .band{fill:var(--peak);fill-opacity:.3;stroke:var(--peak);stroke-width:1}\n"
    ".plot .mark{stroke:var(--soft);stroke-width:1;stroke-dasharray:1 2}\n"
    ".plot .hatch{stroke:var(--paper);stroke-width:1.5}\n"
    ".plot .true{fill:var(--c0)}.plot .claim{fill:var(--c7)}\n"
    ".c0{fill:var(--c0)}.c1{fill:var(--c1)}.c2{fill:var(--c2)}.c3{fill:var(--c3)}"
    ".c4{fill:var(--c4)}.c5{fill:var(--c5)}.c6{fill:var(--c6)}.c7{fill:var(--c7)}\n";

const char cuvee__style_page[] =
    ":root{color-scheme:light dark;--ink:#222;--soft:#666;--rule:#ddd;--paper:#fff}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#eee;--soft:#aaa;--rule:#3a3a3a;"
    "--paper:#1b1b1b}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);"
    "max-width:60rem;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.15rem;margin-top:2.2rem}\n"
    "code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}\n"
    ".scroll{overflow-x:auto}\n"
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
