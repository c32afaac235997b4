#include "cli/replay_style.h"

#include <stddef.h>

/* Series colours are Okabe and Ito's (2008), told apart also by the
 * colour-blind; for dark they are lighter. */
const char *const replay_style[] = {
    ":root{color-scheme:light dark;--bg:#f7f7f5;--card:#fff;--ink:#1d2127;"
    "--soft:#667080;--rule:#e3e5e8;--grid:#eceef0;--even:#9aa3ae;"
    "--clicks:#3d6fb6;--others:#cbd3de;--win:#eaf4ec;--winink:#1c6b34;",
    "--s0:#0072b2;--s1:#d55e00;--s2:#009e73;--s3:#b5559a;--s4:#b88600;"
    "--s5:#3aa0dc;--s6:#555b66;--s7:#7a5cc9}",
    "@media(prefers-color-scheme:dark){:root{--bg:#14171b;--card:#1c2026;"
    "--ink:#e7eaee;--soft:#98a2b0;--rule:#2d333b;--grid:#272c34;"
    "--even:#697382;--clicks:#6fa3ea;--others:#3b4452;--win:#1d3325;"
    "--winink:#86d79d;",
    "--s0:#5ab4f0;--s1:#ff9148;--s2:#3fd3a3;--s3:#e78bd0;--s4:#e6bc45;"
    "--s5:#9ad7ff;--s6:#b4bcc8;--s7:#b49dff}}",
    "*{box-sizing:border-box}body{margin:0;background:var(--bg);"
    "color:var(--ink);font:15px/1.5 system-ui,'Segoe UI','DejaVu Sans',"
    "sans-serif;font-variant-numeric:tabular-nums}",
    "main{max-width:1080px;margin:0 auto;padding:36px 24px 64px}"
    "h1{font-size:28px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}"
    "h2{font-size:18px;margin:0 0 2px}p{margin:0}"
    ".soft,figcaption{color:var(--soft);font-weight:400}.lead{font-size:17px;"
    "margin:14px 0 0;"
    "max-width:60em}",
    "section{background:var(--card);border:1px solid var(--rule);"
    "border-radius:10px;padding:20px 22px;margin-top:20px}"
    "section>p{margin-bottom:12px;font-size:14px;max-width:74em}",
    ".facts{display:flex;flex-wrap:wrap;gap:12px 44px;margin-top:22px}"
    ".facts div{min-width:6em}.facts b{display:block;font-size:23px;"
    "font-weight:600;line-height:1.25}.facts span{color:var(--soft);"
    "font-size:13px}",
    "table{border-collapse:collapse;width:100%;font-size:14px}"
    "th{font-weight:500;color:var(--soft);text-align:right;padding:4px 9px;"
    "border-bottom:1px solid var(--rule);white-space:nowrap}"
    "td{text-align:right;padding:6px 9px;border-bottom:1px solid var(--grid);"
    "white-space:nowrap}th:first-child,td:first-child{text-align:left}",
    "tr:last-child td{border-bottom:0}td.best{background:var(--win);"
    "color:var(--winink);font-weight:600}td "
    "svg{display:inline-block;width:120px;"
    "margin:0 10px 0 0;vertical-align:middle}.wide{overflow-x:auto}"
    ".sure{font-weight:600}.unsure{color:var(--soft)}",
    ".chip{display:inline-block;width:11px;height:11px;border-radius:3px;"
    "margin-right:7px;vertical-align:-1px}"
    ".legend{display:flex;flex-wrap:wrap;gap:6px 18px;font-size:14px;"
    "position:sticky;top:0;background:var(--bg);padding:12px 0 10px;"
    "margin:10px 0 -14px;z-index:1}.legend label{cursor:pointer;"
    "user-select:none}.legend input{margin:0 6px 0 0;vertical-align:-1px}",
    ".tabs>input{position:absolute;opacity:0}.tabs>label{display:inline-block;"
    "padding:4px 12px;margin:4px 4px 10px 0;border:1px solid var(--rule);"
    "border-radius:99px;cursor:pointer;font-size:13.5px;color:var(--soft)}",
    ".tabs>input:checked+label{background:var(--ink);color:var(--card);"
    "border-color:var(--ink)}.tabs>input:focus-visible+label{outline:2px "
    "solid var(--s0)}.tabs>div{display:none}",
    ".cells{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,"
    "1fr));gap:18px 26px}.pairs{grid-template-columns:repeat(auto-fit,"
    "minmax(420px,1fr))}.two{display:grid;grid-template-columns:"
    "minmax(320px,460px) 1fr;gap:28px;align-items:center}"
    "@media(max-width:760px){.two{grid-template-columns:1fr}}",
    "figure{margin:0}figcaption{font-size:14px;margin-bottom:2px}"
    "figcaption b{color:var(--ink);font-weight:600}"
    "svg{width:100%;height:auto;display:block;overflow:visible}",
    ".grid{stroke:var(--grid);stroke-width:1}"
    "text{font:11.5px system-ui,'Segoe UI','DejaVu Sans',sans-serif}"
    ".tick{fill:var(--soft)}.axis{fill:var(--soft)}"
    ".even{stroke:var(--even);stroke-width:1.2;stroke-dasharray:4 4}",
    ".line{fill:none;stroke:var(--s);stroke-width:1.9;stroke-linejoin:round}"
    ".thin{stroke-width:1.2;opacity:.6}.dot{fill:var(--s)}"
    ".whisker{stroke:var(--s);stroke-width:1.6}"
    ".range{stroke:var(--s);stroke-width:3;stroke-linecap:round;opacity:.45}",
    ".tip{fill:var(--s);opacity:0}.tip:hover{opacity:1}"
    ".swap{stroke:var(--s);stroke-width:1.6;opacity:.75}"
    ".count{fill:var(--s);opacity:.18}.clicks{fill:var(--clicks)}"
    ".others{fill:var(--others)}",
    ".s0{--s:var(--s0)}.s1{--s:var(--s1)}.s2{--s:var(--s2)}.s3{--s:var(--s3)}"
    ".s4{--s:var(--s4)}.s5{--s:var(--s5)}.s6{--s:var(--s6)}.s7{--s:var(--s7)}"
    ".chip{background:var(--s)}.key{display:inline-block;width:11px;"
    "height:11px;border-radius:3px;margin:0 6px 0 0;vertical-align:-1px}",
    "details summary{cursor:pointer;color:var(--soft);font-size:14px;"
    "padding:4px 0}@media print{.legend{position:static}section{break-inside:"
    "avoid}}",
    NULL,
};
