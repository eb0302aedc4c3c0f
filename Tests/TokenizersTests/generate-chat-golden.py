"""Writes what Jinja makes of templates, for ChatGoldenTests.

Usage: python3 generate-chat-golden.py (with jinja2 3.1.6 installed)

The first file, Golden/chat.json, holds templates of our own that use every construct. The second,
Golden/chat-models.json, holds what the real templates that fetch-chat-templates.py brings give; it
holds their names and checksums, but not their text.

Jinja is set up as Hugging Face's `transformers` does. In the files a mapping is
{"entries": [[key, value], …]} and a float {"float": "…"}, so that order and type are kept.
"""

import datetime
import hashlib
import json
import os
import pathlib

import jinja2
import jinja2.ext
import jinja2.sandbox

HERE = pathlib.Path(__file__).parent
NOW = datetime.datetime(2024, 7, 26, 0, 0, 0)


class Refusal(jinja2.TemplateError):
    pass


class Generation(jinja2.ext.Extension):
    """`{% generation %}…{% endgeneration %}`, which marks what the model wrote."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("write"), [], [], body).set_lineno(line)

    def write(self, caller):
        return caller()


def environment():
    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(
            x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
        )

    def raise_exception(message):
        raise Refusal(message)

    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda format: NOW.strftime(format)
    return env


ENVIRONMENT = environment()


def render(template, context):
    """{"text": …}, {"refusal": …} for raise_exception, or {"error": …}."""
    try:
        return {"text": ENVIRONMENT.from_string(template).render(**context)}
    except Refusal as error:
        return {"refusal": str(error)}
    except Exception as error:  # whatever Jinja or Python says
        return {"error": f"{type(error).__name__}: {error}"}


def tagged(value):
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, dict):
        return {"entries": [[tagged(key), tagged(item)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return [tagged(item) for item in value]
    return value


# MARK: - Templates of our own

CONTEXT = {
    "messages": [
        {"role": "system", "content": " Be brief.\n"},
        {"role": "user", "content": "Hé <b>\"you\"</b> 'x' \\ \t日本 😀\n\nline"},
        {"role": "assistant", "content": "", "tool_calls": [{"name": "f", "arguments": {"a": 1}}]},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "parameters": {"properties": {"city": {"type": "string"}}, "required": ["city"]},
            },
        }
    ],
    "numbers": [3, 1, 2, 1, 10],
    "words": ["banana", "Apple", "cherry", "apple"],
    "people": [
        {"name": "Bo", "age": 30, "pet": {"name": "Rex"}},
        {"name": "al", "age": 25, "pet": {"name": "Tom"}},
        {"name": "Cy", "age": 30, "pet": {"name": "Ace"}},
    ],
    "mixed": {"b": 2, "a": [1, 2.5, None, True], "C": {"x": "é\u2028\x07"}},
    "nothing": None,
    "zero": 0,
    "half": 2.5,
    "text": "The quick brown fox",
    "lines": "one\ntwo\n\nthree",
    "bos_token": "<s>",
    "eos_token": "</s>",
    "add_generation_prompt": True,
}

EXPRESSIONS = """
1 + 2 * 3 - 4 / 2
7 // 2, -7 // 2, 7 % 3, -7 % 3, 2 ** 10, -2 ** 2, 2 ** -1
7.5 // 2, -7.5 % 2, 1e3, 1.5e-7, 1e16, 1e15, 123456789.125, 0.1 + 0.2, 1_000
0x1F, 0b101, 0o17
'a' 'b' ~ 1 ~ none ~ true ~ 1.0 ~ missing
'a' * 3, [1] * 2, 2 * (1, 2)
[1, 'a', none, true, 2.5, (1,), (), {'k': "it's", "q": 'say "x"'}]
'\\n\\t\\\\\\x41\\u00e9\\'\\"', ['\\n\\t\\\\ \\x07\\u00e9\\u200b']
1 < 2 < 3, 1 < 3 < 2, 1 == 1.0, 'a' < 'b', [1, 2] < [1, 3], true == 1
'a' in 'abc', 1 in [1], 'k' in {'k': 1}, 4 not in (1, 2), missing in [1]
not true and false or true, 1 and 2, 0 or '', none or 'x'
'yes' if zero else 'no', 'only' if zero, ('a' if true) ~ 'b'
text[0], text[-1], text[4:9], text[::-1], text[::2], text[-3:], text[10:2:-2], numbers[1:3], numbers[:-1]
messages[0].role, messages[0]['role'], messages[-1].tool_calls[0].arguments.a, mixed.a.1, mixed['C']['x']
missing, missing is defined, missing is undefined, messages is defined, none is none, nothing is none
mixed.missing, mixed['missing'] is defined, messages[0].get('x'), messages[0].get('x', 'd')
1 is odd, 2 is even, 9 is divisibleby 3, 3 is divisibleby(2), 1 is number, true is number, 1.5 is float, 1 is integer, true is integer, true is boolean
'a' is string, 1 is not string, {} is mapping, [] is sequence, 'a' is sequence, {} is iterable, 1 is iterable, [] is not mapping
true is true, 1 is true, false is false, 'ab' is lower, 'AB' is upper, 'Ab' is lower, range is callable, 1 is callable
1 is sameas 1, none is sameas none, true is sameas 1, 1 is eq 1, 1 is equalto 2, 1 is ne 2, 1 is lt 2, 2 is gt 1, 2 is ge 2, 1 is le 0, 1 is in [1], 3 is lessthan 4, 3 is greaterthan 4
'  a b '|trim ~ '.', 'xxaxx'|trim('x'), 'a b'|upper, 'ÀB'|lower, 'hello WORLD-foo (bar) baz_qux'|title, 'hELLO'|capitalize
'a-b-c'|replace('-', '+'), 'a-b-c'|replace('-', '+', 1), 'abc'|replace('', '.'), 123|replace(2, 'x')
numbers|length, text|length, mixed|count, messages|length, missing|length
numbers|first, numbers|last, [][:]|first, text|first, text|last, mixed|first
numbers|join, numbers|join(', '), people|join('/', attribute='name'), 'abc'|join('-'), people|join(',', 'pet.name')
missing|default('d'), ''|default('d'), ''|default('d', true), none|default('d'), zero|d('x', boolean=true), missing|d
numbers|sort, numbers|sort(reverse=true), words|sort, words|sort(case_sensitive=true), people|sort(attribute='age')|map(attribute='name')|list, people|sort(attribute='age,name', reverse=true)|map(attribute='name')|join(' ')
numbers|unique|list, words|unique|list, words|unique(case_sensitive=true)|list, people|unique(attribute='age')|map(attribute='name')|list
numbers|sum, people|sum(attribute='age'), numbers|sum(start=100), [[1], [2]]|sum(start=[])
numbers|min, numbers|max, words|min, words|max(case_sensitive=true), people|max(attribute='age'), []|max is defined
numbers|reverse|list, 'abc'|reverse, (1, 2)|reverse|list
numbers|select|list, numbers|select('odd')|list, numbers|reject('odd')|list, numbers|select('>', 1)|list, [0, '', 1]|reject|list, numbers|select('in', [1, 3])|list
people|selectattr('age', 'equalto', 30)|map(attribute='name')|list, people|rejectattr('age', 'gt', 26)|list|length, people|selectattr('pet')|list|length, messages|selectattr('tool_calls', 'defined')|list|length, people|selectattr('pet.name', '==', 'Tom')|map(attribute='pet.name')|first
words|map('upper')|list, words|map('replace', 'a', 'A')|join(' '), people|map(attribute='x', default='-')|join, words|map('length')|sum, ['1', 'x']|map('int', 7)|list
mixed|items|list, mixed.items()|list, mixed|dictsort, mixed|dictsort(case_sensitive=true)|map('first')|join, {'x': 2, 'y': 1}|dictsort(by='value'), {'x': 2, 'y': 1}|dictsort(reverse=true), missing|items|list
'3'|int, ' 4 '|int, '3.9'|int, 'x'|int, 'x'|int(9), 3.9|int, -3.9|int, '0x1f'|int(base=16), '101'|int(0, 2), true|int, none|int(5), [1]|int(5), '1_0'|int
'3'|float, 'x'|float, 'x'|float(1.5), '1e3'|float, 3|float, '.5'|float, 'inf'|float, '-nan'|float|string|length
3.456|round, 3.456|round(2), 2.5|round, 3.5|round, 7|round, 42.55|round(1, 'floor'), 42.41|round(1, 'ceil'), 42|round(1, method='ceil'), 1234.5|round(-2), 15|round(-1), 25|round(-1), 2.675|round(2)
-3|abs, -2.5|abs, 5|string ~ 'x', [1]|string, none|string
lines|indent, lines|indent(2, first=true), lines|indent(2, blank=true), lines|indent('> ', true), 'x'|indent
('<a href="x">\\'&</a>'|e) ~ (5|escape) ~ ('safe'|safe)
[1, 2, 3, 4, 5]|batch(2)|list, [1, 2, 3]|batch(2, 'x')|list
mixed|tojson
mixed|tojson(indent=2)
messages|tojson
tools|tojson(indent=4), []|tojson(indent=2), {}|tojson(indent=2), [[], {}]|tojson(indent=1)
{'b': 1, 'a': 2}|tojson(sort_keys=true), [1, {'a': 2}]|tojson(separators=(',', ':')), 'é<'|tojson(ensure_ascii=true), {1: none, none: true, true: 1.5}|tojson
'a b  c'.split(), 'a,b,,c'.split(','), 'a,b,c'.split(',', 1), 'a,b,c'.rsplit(',', 1), ' a b c '.split(None, 1), 'a b c'.rsplit(maxsplit=1)
'  x '.strip() ~ '|' ~ '  x '.lstrip() ~ '|' ~ '  x '.rstrip() ~ '|' ~ 'xyx'.strip('x') ~ '\\n\\nx\\n'.lstrip('\\n')
'abc'.startswith('ab'), 'abc'.endswith(('x', 'c')), 'abc'.upper(), 'ABC'.lower(), "they're bill's".title(), 'abc'.capitalize(), 'aBc'.swapcase()
'abcabc'.replace('b', 'x'), 'abcabc'.replace('b', 'x', 1), 'abcabc'.find('c'), 'abcabc'.rfind('c'), 'abc'.find('z'), 'abcabc'.count('bc'), 'abcabc'.index('b'), 'aaa'.count('')
', '.join(['a', 'b']), 'a'.join('xyz'), 'a\\nb\\r\\nc'.splitlines(), 'a\\nb\\n'.splitlines(true)
'12'.isdigit(), '1a'.isdigit(), 'ab'.isalpha(), 'a1'.isalnum(), ' '.isspace(), 'A'.isupper(), 'a'.islower(), ''.isdigit(), '½'.isnumeric(), '²'.isdigit(), '²'.isdecimal()
'5'.zfill(3), '-5'.zfill(4), 'a'.center(6, '*'), 'ab'.center(5), 'a'.ljust(3) ~ '.', 'a'.rjust(3)
'k=v=w'.partition('='), 'k=v=w'.rpartition('='), 'kv'.partition('='), 'prefix-x'.removeprefix('prefix-'), 'x.py'.removesuffix('.py')
[1, 2, 1].count(1), [1, 2, 1].index(2), (1, 2).index(2), [1].copy(), {'a': 1}.copy(), mixed.keys()|list, mixed.values()|list
range(3)|list, range(1, 4)|list, range(10, 0, -3)|list, range(5)|sum, range(0)|list, range(3)[1]
dict(a=1, b='x'), dict({'a': 1}, b=2), dict([('k', 'v')]), namespace(a=1).a
'%s and %d' % ('x', 5), '%5s|%-5s|%05d|%+d|%.2f|%x|%X|%r|%%' % ('a', 'b', 42, 7, 3.14159, 255, 255, "it's"), '%(a)s-%(b)03d' % {'a': 'x', 'b': 7}, '%s' % [1, 'x'], '%6.2f|%-8.3f|%.0f|%f' % (3.14159, 2.0, 2.5, 1)
strftime_now('%Y-%m-%d'), strftime_now('%d %b %Y'), strftime_now('%A %B %-d, %H:%M:%S %p %j %y %I %a %e %%')
-1|abs, -(1)|abs, (1, 2)[0], ((1)), (1,), [1,], {'a': 1,}, 'a'.upper().lower()|upper
1.0, -0.0, 100000000000000000000.0, 1e-5, 0.0001, 1/3, 2/1, 10 // 3.0, 5 % 2.5
'x' ~ 'y' * 2 + 'z', 1 ~ 2 + 3, 2 + 3 ~ 4
loop is defined, caller is defined, true and not false, not 1 in [2], 1 == 1 and 2 != 3
messages[1].content|trim|upper|length, messages[1]['content'].split('\\n')[-1], (messages|last).role, messages[::-1][0].role
zero is not none and zero is defined, zero if zero is number else 'x', {'a': {'b': 1}}['a']['b'], {'items': 1}.items is callable, {'items': 1}['items']
'é😀'|length, 'é😀'[1], '日本語'[1:], 'ß'.upper(), 'İ'.lower()|length, 'ǆ'|title, 'ſ'|upper
[1, [2, [3]]], [[]] == [[]], {'a': [1]} == {'a': [1]}, (1, 2) == [1, 2], 'a' == 1, none == none, missing == missing, missing == none
1 if true else 2 if false else 3, (1 if false else 2) if true else 3
{'a': 1} is mapping and 'a' in {'a': 1}, {1: 'a', 1.0: 'b', true: 'c'}, {'a': 1, 'a': 2}
""".strip().split("\n")

ERRORS = r"""
{{ 1 / 0 }}
{{ 'a' + 1 }}
{{ missing.field }}
{{ missing() }}
{{ missing + 1 }}
{{ [1][5].x }}
{{ 1 < 'a' }}
{{ [3, 'a']|sort }}
{{ none|length }}
{{ 5|join }}
{{ 'x'|tojson(1, 2, 3, 4, 5) }}
{{ missing|tojson }}
{{ range|tojson }}
{{ [1].append(2) }}
{{ {}.update(a=1) }}
{{ 'x'.nosuch() }}
{{ 'abc'.index('z') }}
{{ '%d' % 'x' }}
{{ '%s %s' % 'x' }}
{{ '%s' % (1, 2) }}
{{ raise_exception('no: "quoted" — ' ~ 1) }}
{{ {[1]: 2} }}
{% for x in 5 %}{% endfor %}
{% for a, b in [(1, 2, 3)] %}{% endfor %}
{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{% endmacro %}{{ m(b=2) }}
{% set missing.x = 1 %}
{{ loop(1) }}
{% if %}{% endif %}
{% if true %}
{% for x in y %}{% else %}
{{ 1
{{ }}
{{ 'open }}
{{ a b }}
{{ (1 }}
{{ [1 }}
{{ 1] }}
{% endif %}
{% nosuch %}
{{ 1|nosuch }}
{{ 1 is nosuch }}
{% break %}
{{ f(a=1, 2) }}
{% set 1 = 2 %}
{% set true = 2 %}
{# open
{% raw %}x
{{ range(1000000) }}
{{ 1 is divisibleby }}
{{ ''|dictsort }}
{{ 'a'|abs }}
{{ 'a'|round }}
{{ namespace(a=1)['b'].c }}
{{ messages[0].role.x.y }}
{{ missing|int }}
{{ missing|abs }}
{{ [1]|map('nosuch')|list }}
{{ [1]|select('nosuch')|list }}
{{ {}|sum(attribute='x') }}{{ [{}]|sum(attribute='x') }}
{{ ','.join([1]) }}
{{ 'a' in 5 }}
{{ 1 in 'a' }}
{{ -'a' }}
{{ 'a'['b']['c'] }}
""".strip().split("\n")

TEMPLATES = [
    ("if", "{% if a %}A{% elif zero %}Z{% elif half %}H{% else %}E{% endif %}{% if zero %}x{% endif %}."),
    ("if without else prints nothing", "[{{ 'x' if false }}]"),
    ("for", "{% for n in numbers %}{{ loop.index }}/{{ loop.index0 }}/{{ loop.revindex }}/{{ loop.revindex0 }}/{{ loop.length }}/{{ loop.first }}/{{ loop.last }}/{{ loop.depth }}:{{ n }} {% endfor %}"),
    ("for else", "{% for n in [] %}x{% else %}none{% endfor %}{% for n in missing %}x{% else %}none{% endfor %}"),
    ("for filter", "{% for n in numbers if n > 1 %}{{ loop.index }}:{{ n }}/{{ loop.length }} {% else %}none{% endfor %}"),
    ("for unpacks", "{% for k, v in mixed.items() %}{{ k }}={{ v }};{% endfor %}{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}"),
    ("for over text and mapping", "{% for c in 'abc' %}{{ c }}-{% endfor %}{% for k in mixed %}{{ k }}{% endfor %}"),
    ("for has its own scope", "{% set x = 1 %}{% for n in numbers %}{% set x = n %}{{ x }}{% endfor %}{{ x }}{{ n }}"),
    ("loop neighbours", "{% for n in numbers %}{{ loop.previtem }}<{{ n }}>{{ loop.nextitem }} {% endfor %}"),
    ("loop previtem defined", "{% for n in numbers %}{{ loop.previtem is defined }}{{ loop.nextitem is undefined }}{% endfor %}"),
    ("loop cycle and changed", "{% for n in numbers %}{{ loop.cycle('a', 'b') }}{{ loop.changed(n == 1) }}{% endfor %}"),
    ("nested loops", "{% for a in [1, 2] %}{% set outer = loop %}{% for b in [1, 2] %}{{ outer.index }}{{ loop.index }}{{ loop.depth }} {% endfor %}{% endfor %}"),
    ("break and continue", "{% for n in range(10) %}{% if n == 2 %}{% continue %}{% endif %}{% if n == 5 %}{% break %}{% endif %}{{ n }}{% endfor %}"),
    ("recursive loop", "{% for item in [{'n': 1, 'c': [{'n': 2, 'c': [{'n': 3}]}]}] recursive %}{{ item.n }}@{{ loop.depth }}{% if item.c %}({{ loop(item.c) }}){% endif %}{% endfor %}"),
    ("set", "{% set a = 1 %}{% set b, c = 2, 3 %}{% set d = (4, 5) %}{{ a }}{{ b }}{{ c }}{{ d }}{% set e %}block {{ a }}{% endset %}{{ e }}{% set f | upper | replace('B', 'x') %}b{{ a }}c{% endset %}{{ f }}"),
    ("set in if", "{% if true %}{% set a = 1 %}{% endif %}{{ a }}{% if false %}{% set b = 1 %}{% endif %}{{ b is defined }}"),
    ("namespace", "{% set ns = namespace(n=0, found=false) %}{% for n in numbers %}{% set ns.n = ns.n + n %}{% if n == 2 %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.n }}{{ ns.found }}{{ ns.missing is defined }}{% set ns.list = [] %}{% set ns.list = ns.list + [1] %}{{ ns.list }}{{ ns['n'] }}"),
    ("macro", "{% macro m(a, b='B', c=none) %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(1, c=3) }}{{ m(b=2, a=1) }}{{ m() }}{{ m.name }}"),
    ("macro defaults see parameters", "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 2) }}"),
    ("macro varargs", "{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, x=4) }}{{ m(1) }}"),
    ("macro recursion", "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}"),
    ("macro sees globals", "{% set g = 1 %}{% macro m() %}{{ g }}{{ bos_token }}{% endmacro %}{% set g = 2 %}{{ m() }}{% for x in [1] %}{% set g = 3 %}{{ m() }}{% endfor %}"),
    ("macro result is text", "{% macro m() %} x {% endmacro %}{{ m()|trim }}{{ m() ~ 'y' }}{{ m() is string }}{{ m()|length }}"),
    ("call", "{% macro m(x) %}<{{ caller() }}{{ x }}>{% endmacro %}{% call m(1) %}body{% endcall %}"),
    ("call with parameters", "{% macro m() %}{% for n in [1, 2] %}{{ caller(n, n * 2) }}{% endfor %}{% endmacro %}{% call(a, b=0) m() %}[{{ a }}{{ b }}]{% endcall %}"),
    ("caller is defined", "{% macro m() %}{{ caller is defined }}{% if caller %}{{ caller() }}{% endif %}{% endmacro %}{{ m() }}{% call m() %}c{% endcall %}"),
    ("filter block", "{% filter upper %}a{{ text }}{% endfilter %}{% filter replace('a', 'b') | trim %}  aaa {% endfilter %}."),
    ("with", "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}{% with %}{% set z = 1 %}{{ z }}{% endwith %}{{ z is defined }}"),
    ("generation", "{% for m in messages %}{% generation %}{{ m.role }}{% endgeneration %}{% endfor %}"),
    ("raw", "{% raw %}{{ x }} {% if %}{% endraw %}.{%- raw -%}  {{ y }}  {%- endraw -%} ."),
    ("comment", "a{# comment {{ x }} #}b\n{# line #}\nc  {#- x -#}  d"),
    ("trims blocks", "a\n{% if true %}\nb\n{% endif %}\nc\n    {% if true %}\n    d\n    {% endif %}\n  e {% if true %} f {% endif %} g\n"),
    ("strips with minus", "a  {%- if true -%}  b  {%- endif -%}  c\n {{- 'x' -}} \n d {%- set y = 1 %}\n e\n{{ 'z' }}\nf"),
    ("keeps with plus", "a\n  {%+ if true +%}\n  b\n  {%+ endif +%}\nc"),
    ("keeps text after output", "{{ 'a' }}\n{{ 'b' }}\n\n{{ 'c' }}"),
    ("drops one final newline", "a\n\n"),
    ("carriage returns", "a\r\nb\rc{% if true %}\r\nd{% endif %}"),
    ("literal braces", "{ { % } } }} %} #} {'a': 1} {a}"),
    ("nested braces in output", "{{ {'a': {'b': 1}} }}{{ {'a': {'b': {}}}['a'] }}"),
    ("strings hide delimiters", "{{ '}}' }}{{ \"%}\" }}{% set x = '%}' %}{{ x }}{{ '{{' ~ '{%' }}"),
    ("multi-line tags", "{{\n  1\n  +\n  2\n}}{% set\n  x\n  =\n  3\n%}{{ x }}"),
    ("output of a tuple", "{{ 1, 2 }}{{ (1,) }}{{ 'a', }}"),
    ("for over a tuple", "{% for x in 1, 2, 3 %}{{ x }}{% endfor %}"),
    ("ChatML", "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"),
    ("tools", "{%- if tools is iterable and tools | length > 0 %}\n    {{- 'Tools:\\n' }}\n    {%- for tool in tools %}\n        {{- '- ' + (tool.function.name | upper) + ': ' + (tool | tojson) }}\n        {%- if not loop.last %}{{ ',' }}{%- endif %}\n    {%- endfor %}\n{%- endif %}"),
    ("alternation", "{% for m in messages[1:] %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate: ' + m.role) }}{% endif %}{{ m.role }}{% endfor %}{{ raise_exception('at the end') }}"),
    ("think", "{% set c = '<think>a</think>\n\nb' %}{% if '</think>' in c %}{{ c.split('</think>')[-1].lstrip('\\n') }}|{{ c.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') }}{% endif %}"),
]


def own_cases():
    for expression in EXPRESSIONS:
        yield expression, "{{ (%s,)|list }}" % expression if "," in expression else "{{ %s }}" % expression
    for expression in EXPRESSIONS:
        if "," not in expression:
            yield expression + ", in a list", "{{ [%s] }}" % expression
    for template in ERRORS:
        yield template, template
    yield from TEMPLATES


# MARK: - Templates of real models

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather in a city, in \"°C\".",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "A city."},
                    "days": {"type": "integer", "enum": [1, 2]},
                },
                "required": ["city"],
            },
        },
    }
]


def message(role, content, **rest):
    return {"role": role, "content": content, **rest}


TOOL_CALL = {
    "id": "call12345",
    "type": "function",
    "function": {"name": "get_weather", "arguments": {"city": "Zürich", "days": 2}},
}
TALK = [
    message("system", "You are a helpful assistant"),
    message("user", "Hello"),
    message("assistant", "Hi there"),
    message("user", "Who are you"),
    message("assistant", "   I am an assistant   "),
    message("user", "Another question"),
]
CALLS = [
    message("user", "Weather?"),
    message("assistant", "", tool_calls=[TOOL_CALL]),
    message("tool", "{\"t\": 3.5}", name="get_weather", tool_call_id="call12345"),
]
CONVERSATIONS = {
    "question": ([message("user", "Hi <|im_end|>\n<|eot_id|> é日😀 ")], {}),
    "no prompt": ([message("user", "Hi")], {"add_generation_prompt": False}),
    "system": ([message("system", " Be brief.\n"), message("user", "Hi")], {}),
    "talk": (TALK, {}),
    "talk, no prompt": (TALK, {"add_generation_prompt": False}),
    "talk without system": (TALK[1:], {}),
    "ends with the assistant": (TALK[:3], {"add_generation_prompt": False}),
    "two of the user": ([message("user", "a"), message("user", "b")], {}),
    "unknown role": ([message("user", "a"), message("poet", "b")], {}),
    "empty": ([], {}),
    "tools": (TALK[:2], {"tools": TOOLS}),
    "tools without system": (TALK[1:2], {"tools": TOOLS}),
    "tool call": (CALLS, {"tools": TOOLS}),
    "tool call, then more": (
        CALLS + [message("assistant", "3.5 °C"), message("user", "Thanks")],
        {"tools": TOOLS},
    ),
    "thoughts": (
        [
            message("user", "1+1?"),
            message("assistant", "<think>\nadd\n</think>\n\n2"),
            message("user", "Sure?"),
        ],
        {},
    ),
    "no thinking": (TALK[:2], {"enable_thinking": False, "thinking": False}),
    "documents": (TALK[:2], {"documents": [{"title": "T", "text": "Body"}]}),
}


def model_cases(folder):
    for path in sorted(folder.glob("*.jinja")):
        source = path.read_bytes().decode()
        results = {}
        for name, (messages, variables) in CONVERSATIONS.items():
            result = render(source, model_context(messages, variables))
            # Where Jinja has a generator, which it cannot write, ours has a list.
            if "generator" not in result.get("error", ""):
                results[name] = result
        yield path.name, hashlib.sha256(source.encode()).hexdigest(), results


def model_context(messages, variables):
    context = {"tools": None, "documents": None, "add_generation_prompt": True}
    return context | {"bos_token": "<s>", "eos_token": "</s>", "messages": messages} | variables


def write(name, value):
    text = json.dumps(value, ensure_ascii=False, indent=1)
    (HERE / name).write_text(text + "\n")


def main():
    cases = []
    for name, template in own_cases():
        cases.append({"name": name, "template": template, **render(template, CONTEXT)})
    write("Golden/chat.json", {"context": tagged(CONTEXT), "cases": cases})

    home = os.environ.get("SONDE_HOME") or os.path.expanduser("~/.cache/sonde")
    models = list(model_cases(pathlib.Path(home) / "chat-templates"))
    write(
        "Golden/chat-models.json",
        {
            "sha256": {name: sum for name, sum, _ in models},
            "conversations": {
                name: tagged(model_context(*conversation))
                for name, conversation in CONVERSATIONS.items()
            },
            "results": {name: results for name, _, results in models},
        },
    )


if __name__ == "__main__":
    main()
