"""The page of ChatGPT back to Markdown: nothing said is lost, nothing of the page is kept."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.chatgpt_html import html_to_markdown, is_html
from sharegpt_argilla.errors import RejectedError

PROSE = '<div class="markdown prose w-full break-words dark:prose-invert light">'


def code_block(code: str, language: str = "") -> str:
    """A code block as the page of March 2023 had it; ``code`` is HTML."""
    span = f'<span class="">{language}</span>' if language else ""
    named = f" language-{language}" if language else ""
    return (
        '<pre><div class="bg-black mb-4 rounded-md"><div class="flex items-center relative text-gray-200">'
        f'{span}<button class="flex ml-auto gap-2"><svg stroke="currentColor"></svg>Copy code</button></div>'
        f'<div class="p-4 overflow-y-auto"><code class="!whitespace-pre hljs{named}">{code}\n</code>'
        "</div></div></pre>"
    )


@pytest.mark.parametrize(
    ("page", "markdown"),
    [
        (
            f"{PROSE}<p>one</p><p>two <strong>b</strong> <em>i</em> <code>c_d</code></p></div>",
            "one\n\ntwo **b** *i* `c_d`",
        ),
        (f"{PROSE}<ol><li><p>one</p></li><li><p>two</p></li></ol></div>", "1. one\n2. two"),
        (f'{PROSE}<ol start="4"><li>four</li></ol></div>', "4. four"),
        (f"{PROSE}<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul></div>", "- a\n- b\n  - c"),
        (f"{PROSE}<h2>Title</h2><p>text</p></div>", "## Title\n\ntext"),
        (f"{PROSE}<blockquote><p>said</p></blockquote></div>", "> said"),
        (
            f"{PROSE}<table><thead><tr><th>a</th><th>b</th></tr></thead>"
            "<tbody><tr><td>1</td><td>2</td></tr></tbody></table></div>",
            "| a | b |\n| --- | --- |\n| 1 | 2 |",
        ),
        (
            f"{PROSE}<p>snake_case_name and 2 * 3 * 4 &lt; 5 &amp; 6</p></div>",
            "snake_case_name and 2 * 3 * 4 < 5 & 6",
        ),
        ('<p>See <a href="https://example.org/x">this</a></p>', "See [this](https://example.org/x)"),
        (f"{PROSE}{code_block('a &lt; b', 'css')}</div>", "```css\na < b\n```"),
        (f"{PROSE}{code_block('ls -l')}</div>", "```\nls -l\n```"),
        (
            code_block('  <span class="hljs-keyword">if</span> x:\n\n    y_1 = "*"', "python"),
            '```python\n  if x:\n\n    y_1 = "*"\n```',
        ),
        (code_block("```js\n1\n```", "markdown"), "````markdown\n```js\n1\n```\n````"),
        (f"<p>before</p>{code_block(' ', 'css')}<p>after</p>", "before\n\nafter"),
        ("<pre>css Copy code a { }</pre>", "```css\n a { }\n```"),
        ("<pre>plain</pre>", "```\nplain\n```"),
        (
            '<pre><div><span>c++</span><button>Copy code</button></div><code class="hljs">int x;</code></pre>',
            "```c++\nint x;\n```",
        ),
    ],
)
def test_a_message_in_markdown(page: str, markdown: str) -> None:
    assert html_to_markdown(page) == markdown


@pytest.mark.parametrize(
    ("page", "markdown"),
    [
        (f"2 / 2{PROSE}<p>text</p></div>", "text"),
        (f"<div><span>12 / 13</span></div>{PROSE}<p>text</p></div>", "text"),
        ("1 / 2\n\ntext", "text"),
        (f"{PROSE}<p>1 / 2 = 0.5</p></div>", "1 / 2 = 0.5"),
        (f"{PROSE}<p>1 / 2</p></div>", "1 / 2"),
        (f"{PROSE}<p>half is</p><p>1 / 2</p></div>", "half is\n\n1 / 2"),
        ("1 / 2 is a half", "1 / 2 is a half"),
        (f"{PROSE}<p>text</p></div>Copy123 chars / 45 words", "text"),
        (f"{PROSE}<p>text</p></div><div><button>Copy</button>123 chars / 45 words</div>", "text"),
        ("text\nCopy123 chars / 45 words", "text\n"),
        (f"{PROSE}<p>say Copy code twice</p></div>", "say Copy code twice"),
        (code_block("Copy123 chars / 45 words"), "```\nCopy123 chars / 45 words\n```"),
        (code_block("1 / 2"), "```\n1 / 2\n```"),
    ],
)
def test_counters_and_buttons_go_and_what_looks_alike_stays(page: str, markdown: str) -> None:
    assert html_to_markdown(page) == markdown


@pytest.mark.parametrize("mark", ["$", "$$"])
def test_a_formula_is_given_once_as_it_was_written(mark: str) -> None:
    drawn = (
        '<span class="katex"><span class="katex-mathml"><math><semantics><mrow><mi>x</mi></mrow>'
        '<annotation encoding="application/x-tex">x_1^2</annotation></semantics></math></span>'
        '<span class="katex-html">x12</span></span>'
    )
    formula = drawn if mark == "$" else f'<span class="katex-display">{drawn}</span>'
    assert html_to_markdown(f"<p>so {formula} it is</p>") == f"so {mark}x_1^2{mark} it is"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain, a < b and b > c",
        "Use `<div>` for boxes.",
        "```html\n<div>\n  <p>x</p>\n</div>\n```",
        "- first\n- the tag <p> opens a paragraph",
        "<name>, nice to meet you",
        "a\n\n\n  b  \n",
    ],
)
def test_what_is_no_html_is_left_alone(text: str) -> None:
    assert not is_html(text)
    assert html_to_markdown(text) == text


code_text = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=60).filter(
    lambda code: code.strip() and code == code.strip("\n")
)


@given(code_text, st.sampled_from(["", "python", "c++", "objective-c"]))
def test_code_keeps_its_text_and_language(code: str, language: str) -> None:
    first, *lines, last = html_to_markdown(PROSE + code_block(html.escape(code), language) + "</div>").split("\n")
    assert "\n".join(lines) == code
    assert first == last + language
    assert set(last) == {"`"}
    assert last not in code


TAGS = """
<div>|</div>|<p>|<pre>|</pre>|</code>|<li>|<td>|<![CDATA[|<!--|-->|<!DOCTYPE|<![if|&#xd800;|&#99999999;|<a href='|
<code class=language-x>|<ol start=x>|<ol start=99999999999999999999>|<td colspan=x>|<?xml version='1.0'?>|
<span class=katex>|<annotation>|1 / 2|Copy code"""
tags = st.sampled_from([tag.strip() for tag in TAGS.split("|")])


@given(st.lists(tags | st.text(max_size=5), max_size=12).map("".join))
def test_broken_html_is_read_or_rejected(text: str) -> None:
    try:
        assert isinstance(html_to_markdown("<div>" + text), str)
    except RejectedError as error:
        assert "\n" not in str(error)


def test_html_nested_without_end_is_rejected() -> None:
    with pytest.raises(RejectedError, match="HTML nested too deeply"):
        html_to_markdown("<div>" * 50_000 + "x")
