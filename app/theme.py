"""The style sheet of the desk, sent once a run by app/main.py.

Colours and fonts are in .streamlit/config.toml; here is what Streamlit's theme has no word for: hairlines, statement
tables, title rows, panes that reach the bottom of the window. Only own classes (`ch`), `st-key-*` and test ids are
named, so if Streamlit renames its own, margins get wider and nothing breaks. Rules and faint ink are mixed from the
current colour, and `light-dark()` follows the root's colour scheme: right in both themes without knowing which.
"""

import re

_SOURCE = """
/* the page: narrower edges than the wide layout's 5 rem, which have no setting */
[data-testid="stMainBlockContainer"] { padding-inline: 1.75rem }

/* panes reach the bottom of the window and scroll by themselves; the height sits on the wrapper's flex-basis */
*:has(> [class*="st-key-pane-"]) { height: calc(100dvh - 5.9rem) !important;
  flex-basis: calc(100dvh - 5.9rem) !important }
[class*="st-key-pane-"] { scrollbar-width: thin }

/* rows: a title bar, a pane's head, a line of work */
[class*="st-key-row-"] { min-height: 1.95rem; max-height: 1.95rem; overflow: hidden;
  border-bottom: 1px solid color-mix(in srgb, currentColor 10%, transparent) }
[class*="st-key-row-"] a { min-height: 0; padding-block: .1rem }
[class*="st-key-side-"] button { padding-inline: 0; min-height: 0 }
[class*="st-key-titlebar"] { min-height: 2.6rem }
[class*="st-key-titlebar"] > :first-child { flex: 1 1 0; min-width: 9rem }
[class*="st-key-panehead"] > :first-child { flex: 1 1 0; min-width: 17rem }
[class*="st-key-panehead-slim"] > :first-child { min-width: 11rem }

/* what a click did is said below: above, it would lie over the pane's primary button */
[data-testid="stToastContainer"] { top: auto !important; bottom: 1rem !important }

/* on a low screen the navigation leaves room for who is signed in */
@media (max-height: 800px) { [data-testid="stSidebarNavLink"] { margin-block: 0 } }

/* own elements */
.ch { font-size: .9286rem; line-height: 1.4;
  --rule: color-mix(in srgb, currentColor 11%, transparent);
  --faint: color-mix(in srgb, currentColor 64%, transparent);
  --bad: light-dark(#A3261D, #FF9E95); --good: light-dark(#14603A, #7FDBA9); --warn: light-dark(#8F4504, #F7B774);
  --tint: light-dark(#FDEFDF, #38270F); --bar: light-dark(#C9D6F5, #2B4272) }
.ch .faint { color: var(--faint) } .ch .bad { color: var(--bad) }
.ch .good { color: var(--good) } .ch .warn { color: var(--warn) }
.ch .code { font-family: DeskMono, monospace; font-size: .857rem; overflow-wrap: anywhere }

/* titles */
.ch.title { display: flex; align-items: baseline; gap: .6rem; white-space: nowrap; overflow: hidden }
.ch.title h1, .ch.title h2 { margin: 0; padding: 0; font-weight: 600; line-height: 1.6;
  overflow: hidden; text-overflow: ellipsis }
.ch.title h1 { font-size: 1.2857rem; flex: none } .ch.title h2 { font-size: 1.1429rem }
[class*="st-key-panehead"] .ch.title { flex-wrap: wrap; row-gap: 0 }
.ch.title > .faint { overflow: hidden; text-overflow: ellipsis; flex-shrink: 9999 }
.ch.section { display: flex; align-items: baseline; gap: .4rem }
.ch.section h3 { margin: 0; padding: .35rem 0 0; font-size: .9286rem; font-weight: 600; line-height: 1.5 }

/* a state with its word */
.ch .chip { font-size: .857rem; font-weight: 500; padding: .05rem .35rem; border-radius: 4px;
  white-space: nowrap; flex: none }
.chip.gray { color: light-dark(#4B5361, #B6BDC9); background: light-dark(#EEF0F3, #262B34) }
.chip.yellow { color: light-dark(#6F5000, #EBD071); background: light-dark(#FBF3D3, #332B0F) }
.chip.blue { color: light-dark(#1F4CA6, #9CC0FF); background: light-dark(#E6EEFC, #182A48) }
.chip.violet { color: light-dark(#57339F, #C6AFFB); background: light-dark(#F0EAFB, #2A2145) }
.chip.green { color: light-dark(#14603A, #7FDBA9); background: light-dark(#E4F4EA, #14301F) }
.chip.orange { color: light-dark(#8F4504, #F7B774); background: light-dark(#FDEFDF, #38270F) }
.chip.red { color: light-dark(#A3261D, #FF9E95); background: light-dark(#FCEBE9, #3A1D1C) }

/* a statement-like table */
.ch table { width: 100%; border-collapse: collapse; border: 0; margin: 0 }
.ch th { font-weight: 500; color: var(--faint); text-align: left; vertical-align: bottom; font-size: .857rem;
  padding: .2rem .4rem; border: 0; border-bottom: 1px solid var(--rule) }
.ch td { padding: .25rem .4rem; border: 0; border-bottom: 1px solid var(--rule); vertical-align: top }
.ch tr > *:first-child { padding-left: 0 } .ch tr > *:last-child { padding-right: 0 }
.ch .n { text-align: right; white-space: nowrap }
.ch tr.open td { border-bottom: 0 }
.ch tr.sum td { font-weight: 600; border-bottom: 0;
  border-top: 1px solid color-mix(in srgb, currentColor 45%, transparent) }
.ch td.hit { background: var(--tint); font-weight: 600; padding-inline: .4rem !important }
.ch .track { display: inline-block; width: 100%; min-width: 4rem; height: .6rem; border-radius: 2px;
  background: color-mix(in srgb, currentColor 8%, transparent); vertical-align: middle }
.ch .bar { height: .6rem; border-radius: 2px; background: var(--bar) }

/* what an empty place says */
.ch .empty b { font-weight: 600; display: block; padding-bottom: .1rem }

/* a strip of figures */
.ch .strip { display: flex; flex-wrap: wrap; gap: .4rem 1.6rem }
.ch .strip > div > div:nth-child(odd) { color: var(--faint); font-size: .857rem }
.ch .strip > div > div:nth-child(2) { font-size: 1.2143rem; font-weight: 600; line-height: 1.35; white-space: nowrap }
.ch .strip > div > div:nth-child(2) small { font-size: .857rem; font-weight: 400; color: var(--faint) }
.ch .strip > div > div.bad { color: var(--bad) } .ch .strip > div > div.good { color: var(--good) }
.ch .strip > div > div.warn { color: var(--warn) }

/* the sign-in form, plain HTML because its answer sets a cookie */
[class*="st-key-signin"] { margin-top: 12vh; gap: 1.4rem }
.ch form { margin: 0 } .ch form.signin { display: grid; gap: .9rem }
.ch form label { display: grid; gap: .25rem; font-size: .857rem; color: var(--faint) }
.ch form input { font: inherit; font-size: 1rem; color: light-dark(#1B1F27, #E4E7EC); padding: .45rem .6rem;
  background: light-dark(#FFFFFF, #111419); border: 1px solid light-dark(#D5D9E1, #2B313B); border-radius: 6px }
.ch form input:focus { outline: 2px solid light-dark(#3A56CC, #4D6BE6); outline-offset: -1px }
.ch form button { font: inherit; font-size: 1rem; font-weight: 500; color: #FFF; padding: .5rem; border: 0;
  border-radius: 6px; background: light-dark(#3A56CC, #4D6BE6); cursor: pointer }
.ch form button.quiet { display: flex; justify-content: space-between; width: 100%; font-size: .9286rem; color: inherit;
  background: none; padding: .4rem 0; border-radius: 0; border-bottom: 1px solid var(--rule) }
.ch form button.quiet b { font-weight: 500 } .ch form button.quiet:hover b { color: light-dark(#2F49B8, #8FA6FF) }
.ch.demo h3 { font-size: .9286rem; font-weight: 600; margin: 0 }
.ch form button:focus-visible { outline: 2px solid light-dark(#3A56CC, #4D6BE6); outline-offset: 2px }

/* pictures made by app/charts.py */
.ch img.spark { display: block; width: 100% }

@media print {
  [data-testid="stSidebar"], [class*="st-key-titlebar"] > :not(:first-child) { display: none }
  *:has(> [class*="st-key-pane-"]) { height: auto !important; flex-basis: auto !important }
}
"""


def _packed(source: str) -> str:
    """Without comments and needless space: the sheet travels with every full run."""
    source = re.sub(r"/\*.*?\*/", "", source, flags=re.S)
    source = re.sub(r"\s+", " ", source)
    return re.sub(r"\s*([{};,>])\s*", r"\1", source).strip()


STYLE = f"<style>{_packed(_SOURCE)}</style>"
