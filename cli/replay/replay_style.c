#include "cli/replay/replay_style.h"

#include <stddef.h>

/* Series colours are after Okabe and Ito (2008), told apart also by the
 * colour-blind, darker or lighter where the ground asks for it: each stands
 * out from the card by 3 to 1 at least, text by 4.5 to 1. */
const char *const replay_style[] = {
    ":root{color-scheme:light dark;--bg:#f7f7f5;--card:#fff;--ink:#1d2127;"
    "--soft:#5c6573;--rule:#e3e5e8;--grid:#eceef0;--even:#88919d;"
    "--clicks:#4b5768;--others:#c9d1db;--win:#eaf4ec;--winink:#1c6b34;",
    "--s0:#0072b2;--s1:#d55e00;--s2:#009e73;--s3:#b5559a;--s4:#a97c00;"
    "--s5:#2a93d0;--s6:#555b66;--s7:#7a5cc9}",
    "@media(prefers-color-scheme:dark){:root{--bg:#14171b;--card:#1c2026;"
    "--ink:#e7eaee;--soft:#a0a9b6;--rule:#2d333b;--grid:#272c34;"
    "--even:#7a8593;--clicks:#c3ccd8;--others:#46505f;--win:#1d3325;"
    "--winink:#86d79d;",
    "--s0:#5ab4f0;--s1:#ff9148;--s2:#3fd3a3;--s3:#e78bd0;--s4:#e6bc45;"
    "--s5:#9ad7ff;--s6:#b4bcc8;--s7:#b49dff}}",
    /* Text */
    "*{box-sizing:border-box}body{margin:0;background:var(--bg);"
    "color:var(--ink);font:15px/1.5 system-ui,'Segoe UI','DejaVu Sans',"
    "sans-serif;font-variant-numeric:tabular-nums}",
    "main{max-width:1080px;margin:0 auto;padding:36px 24px 64px}"
    "h1{font-size:28px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}"
    "h2{font-size:18px;margin:0 0 2px}h3{font-size:14px;font-weight:600;"
    "margin:14px 0 0}p{margin:0}h1,.lead,.name{overflow-wrap:anywhere}"
    ".name{display:inline-block;padding-left:18px;text-indent:-18px}"
    ".soft,figcaption{color:var(--soft);font-weight:400}.lead{font-size:17px;"
    "margin:14px 0 0;max-width:60em}",
    "section{background:var(--card);border:1px solid var(--rule);"
    "border-radius:10px;padding:20px 22px;margin-top:20px}"
    "section>p{margin-bottom:12px;font-size:14px;max-width:74em}",
    ".facts{display:flex;flex-wrap:wrap;gap:12px 44px;margin-top:22px}"
    ".facts div{min-width:6em}.facts b{display:block;font-size:23px;"
    "font-weight:600;line-height:1.25}.facts span{color:var(--soft);"
    "font-size:13px}.small{margin-top:6px;gap:8px 36px}"
    ".small b{font-size:16px}",
    /* Tables */
    "table{border-collapse:collapse;width:100%;font-size:14px}"
    "th{font-weight:500;color:var(--soft);text-align:right;padding:4px 9px;"
    "border-bottom:1px solid var(--rule);white-space:nowrap}"
    "td{text-align:right;padding:6px 9px;border-bottom:1px solid var(--grid);"
    "white-space:nowrap}",
    "th:first-child,.left{text-align:left}th[scope]{color:var(--ink);"
    "font-weight:400;white-space:normal;min-width:9em;padding:6px 9px;"
    "border-color:var(--grid)}td.left{white-space:normal;min-width:9em}"
    "tr:last-child>*{border-bottom:0}",
    "td.best{background:var(--win);color:var(--winink);font-weight:600}"
    "td small{display:block;font-size:11px;line-height:1.3;font-weight:400;"
    "color:var(--soft)}.best small{color:var(--winink)}"
    ".drawn{padding-right:0}.drawn svg{width:110px;margin-left:auto}"
    ".minus{padding:0 5px}.wide{overflow-x:auto}.sure{font-weight:600}"
    ".unsure{color:var(--soft)}.wide:focus-visible{outline:2px solid "
    "var(--s0)}",
    /* What is chosen */
    ".chip,.key{display:inline-block;width:11px;height:11px;border-radius:3px;"
    "margin-right:7px;vertical-align:-1px;background:var(--s)}"
    ".chip.again{background:repeating-linear-gradient(90deg,var(--s) 0 3px,"
    "transparent 3px 5px)}.clicked{background:var(--clicks)}"
    ".unclicked{background:var(--others);margin-left:12px}",
    ".legend{display:flex;flex-wrap:wrap;gap:6px 18px;font-size:14px;"
    "position:sticky;top:0;background:var(--bg);padding:12px 0 10px;"
    "margin:10px 0 -14px;z-index:1}.legend label{cursor:pointer;"
    "user-select:none}.legend input{margin:0 6px 0 0;vertical-align:-1px}",
    ".tabs>input{position:absolute;opacity:0}.tabs>label{display:inline-block;"
    "padding:4px 12px;margin:4px 4px 10px 0;border:1px solid var(--rule);"
    "border-radius:99px;cursor:pointer;font-size:13.5px;color:var(--soft)}",
    ".tabs>input:checked+label{background:var(--ink);color:var(--card);"
    "border-color:var(--ink)}.tabs>input:focus-visible+label{outline:2px "
    "solid var(--s0);outline-offset:2px}.tabs>div{display:none}"
    "details summary{cursor:pointer;color:var(--soft);font-size:14px;"
    "padding:8px 0 4px}",
    /* Plots */
    ".cells{display:grid;grid-template-columns:repeat(auto-fill,"
    "minmax(min(300px,100%),1fr));gap:18px 26px}.pairs{"
    "grid-template-columns:repeat(auto-fill,minmax(min(420px,100%),1fr))}"
    ".two{display:grid;grid-template-columns:minmax(0,460px) minmax(0,1fr);"
    "gap:28px;align-items:center}",
    "figure{margin:0;min-width:0}figcaption{font-size:14px;margin-bottom:2px}"
    "figure .wide{margin-top:2px}.tabs+figure{margin-top:14px}"
    "figcaption b{color:var(--ink);font-weight:600}"
    "svg{width:100%;height:auto;display:block;overflow:visible}"
    "text{font:11.5px system-ui,'Segoe UI','DejaVu Sans',sans-serif;"
    "fill:var(--soft)}.grid{stroke:var(--grid);stroke-width:1}"
    ".even{stroke:var(--even);stroke-width:1.2;stroke-dasharray:4 4}",
    ".line{fill:none;stroke:var(--s);stroke-width:1.9;stroke-linejoin:round}"
    ".line.again{stroke-dasharray:6 3}.raw{stroke-width:1;opacity:.3}"
    ".thin{stroke-width:1.2;opacity:.6}.dot{fill:var(--s)}"
    ".whisker{stroke:var(--s);stroke-width:1.6}"
    ".range{stroke:var(--s);stroke-width:3;stroke-linecap:round;opacity:.45}",
    "rect.slot{fill:var(--ink);opacity:0}.slot:hover{opacity:.08}"
    ".swap{stroke:var(--s);stroke-width:1.2;opacity:.8}"
    ".count{fill:var(--s);opacity:.18}rect.clicks{fill:var(--clicks)}"
    "rect.others{fill:var(--others)}",
    ".s0{--s:var(--s0)}.s1{--s:var(--s1)}.s2{--s:var(--s2)}.s3{--s:var(--s3)}"
    ".s4{--s:var(--s4)}.s5{--s:var(--s5)}.s6{--s:var(--s6)}.s7{--s:var(--s7)}",
    /* A telephone: long plots and tables are pushed aside, the rest grows. */
    "@media(max-width:760px){.two{grid-template-columns:minmax(0,1fr)}}"
    "@media(max-width:560px){main{padding:20px 12px 40px}section{"
    "padding:16px 14px}.legend{position:static}.facts{gap:12px 28px}"
    ".long svg{min-width:720px}.long text{font-size:14px}"
    ".pairs text,.two text{font-size:16px}"
    "th[scope]{min-width:7em}.drawn{display:none}}",
    "@media print{.legend{position:static}section{break-inside:avoid}}",
    NULL,
};
