"""Texts with made-up private data planted in them, and texts that only resemble some; the same on every run."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

SEED = 17
_HEX = "0123456789abcdef"
_MIXED = string.ascii_letters + string.digits


class Planted(NamedTuple):
    """A text, the value planted in it and its type; without value and type nothing may be found."""

    text: str
    value: str = ""
    type: str = ""


def planted(rounds: int = 10) -> Iterator[Planted]:
    """Every template with every form of its type, ``rounds`` values each at the most, then the harmless texts."""
    chance = random.Random(SEED)
    for kind, templates in TEMPLATES.items():
        for number in range(rounds):
            for place, form in enumerate(FORMS[kind]):
                value = form(chance)
                template = templates[(number * len(FORMS[kind]) + place) % len(templates)]
                yield Planted(template.format(value), value, kind)
    for template, form in WITH_THEIR_CUE:
        for _ in range(rounds):
            value = form(chance)
            yield Planted(template.format(value), value, "SECRET")
    yield from (Planted(text) for text in HARMLESS)


def _pick(characters: str, count: int) -> Callable[[random.Random], str]:
    return lambda chance: "".join(chance.choices(characters, k=count))


def _filled(pattern: str) -> Callable[[random.Random], str]:
    """A number in that form: # is any digit, 9 one from 2 to 9, everything else stands for itself."""

    def fill(chance: random.Random) -> str:
        digits = {"#": "0123456789", "N": "23456789"}
        return "".join(chance.choice(digits[each]) if each in digits else each for each in pattern)

    return fill


def _luhn(prefix: str, length: int, groups: Sequence[int] = ()) -> Callable[[random.Random], str]:
    def make(chance: random.Random) -> str:
        digits = prefix + "".join(chance.choices(string.digits, k=length - len(prefix) - 1))
        total = sum(
            sum(map(int, str(int(digit) * (2 - place % 2)))) for place, digit in enumerate(reversed(digits))
        )
        digits += str(-total % 10)
        if not groups:
            return digits
        pieces, start = [], 0
        for group in groups:
            pieces.append(digits[start : start + group])
            start += group
        return " ".join(pieces)

    return make


def _prefixed(prefix: str, count: int, characters: str = _MIXED, end: str = "") -> Callable[[random.Random], str]:
    return lambda chance: prefix + "".join(chance.choices(characters, k=count)) + end


_NAMES = (
    "maria",
    "juan.perez",
    "wei_zhang",
    "k.müller",
    "olga-ivanova",
    "testino",
    "userova",
    "a.b.c",
    "jean+news",
)


def _email(domain: str) -> Callable[[random.Random], str]:
    return lambda chance: f"{chance.choice(_NAMES)}{chance.randint(2, 99)}@{domain}"


def _address(chance: random.Random) -> str:
    first = chance.choice([n for n in range(20, 200) if n not in (100, 127, 169, 172, 192, 198)])
    return ".".join(map(str, (first, chance.randint(1, 250), chance.randint(1, 250), chance.randint(1, 250))))


def _address6(chance: random.Random) -> str:
    return (
        "2a0"
        + "".join(chance.choices(_HEX[1:], k=1))
        + ":"
        + ":".join("".join(chance.choices(_HEX[1:], k=4)) for _ in range(3))
        + "::"
        + "".join(chance.choices(_HEX[1:], k=2))
    )


def _password(chance: random.Random) -> str:
    word = "".join(chance.choices("bdfgklmnrtvz", k=3)) + chance.choice("aeiou")
    return f"{word.title()}{chance.randint(10, 99)}{chance.choice('!#%&+')}{''.join(chance.choices(_MIXED, k=4))}9"


FORMS: Mapping[str, Sequence[Callable[[random.Random], str]]] = {
    "EMAIL": [
        _email(domain)
        for domain in (
            *("gmail.com", "mail.ru", "web.de", "qq.com", "163.com", "naver.com", "yahoo.co.uk", "email.cz"),
            *("kanzlei-huber.at", "correo-sur.org", "my.university.edu"),
        )
    ],
    "PHONE": [
        _filled(form)
        for form in (
            *("+1 415-N##-0199", "+1 (212) N##-4471", "+44 7911 8##3##", "+49 171 98##7#1", "+33 6 17 92 ## ##"),
            *("+86 139 18## 7##5", "+55 11 987##-43##", "+91 98734 4##1#", "+82 10-9176-5##2", "+61 417 39# 6#8"),
            *("(415) N##-53#9", "212-N##-53#9", "020 7946 0#5#", "0171 98##7#1", "06 17 92 ## ##", "0417 39# 6#8"),
            *("010-9176-5##2", "98734 4##10", "017-39# 6#19"),
        )
    ],
    "IP": [_address, _address, _address6],
    "CARD": [
        _luhn("4539", 16, (4, 4, 4, 4)),
        _luhn("5500", 16, (4, 4, 4, 4)),
        _luhn("3711", 15, (4, 6, 5)),
        _luhn("622202", 19, (4, 4, 4, 4, 3)),
        _luhn("3530", 16, (4, 4, 4, 4)),
        _luhn("6011", 16, (4, 4, 4, 4)),
        _luhn("2204", 16, (4, 4, 4, 4)),
        _luhn("4539", 16),
        _luhn("622848", 19),
        _luhn("5168", 16),
        _luhn("3622", 14),
    ],
    "SECRET": [
        *(_prefixed(prefix, 48) for prefix in ("sk-", "sk-proj-", "sk-ant-api03-", "gsk_", "hf_")),
        _prefixed("AKIA", 16, string.ascii_uppercase + string.digits),
        _prefixed("ghp_", 36),
        _prefixed("github_pat_", 60),
        _prefixed("glpat-", 20),
        _prefixed("AIza", 35),
        _prefixed("sk_live_", 24),
        _prefixed("xoxb-", 40, string.digits + string.ascii_letters),
        _prefixed("npm_", 36),
        _prefixed("pypi-AgEIcHlwaS5vcmc", 60),
        _prefixed("SG.", 22, end="." + "Zq8Lm4Xw2Rt6Yp1Vn5Kc9Hd3Jf7Gs0Bb"),
        _prefixed("dop_v1_", 64, _HEX),
        _prefixed("shpat_", 32, _HEX),
        _prefixed("glsa_", 40),
        _prefixed("hvs.", 90),
        _prefixed("nvapi-", 64),
        _prefixed("sk-or-v1-", 64, _HEX),
        _prefixed("LTAI5t", 18),
        _prefixed("https://hooks.slack.com/services/T0K7M2QWX/B04TR9ZLU/", 24),
        _prefixed("postgres://admin:", 8, end="@db.firm.io:5432/prod"),
    ],
}
"""Type -> how its values are made up."""

TEMPLATES: Mapping[str, Sequence[str]] = {
    "EMAIL": [
        *(
            "Write to {} please",
            "我的邮箱是{}请联系",
            "이메일은 {}입니다",
            "メール：{}まで",
            "contact:{}",
            "<{}>",
            "mailto:{}",
        ),
        *(
            "https://shop.example.org/?email={}",
            "Пишите на {}.",
            '"email": "{}"',
            "ist {} richtig?",
            "邮箱{}，谢谢",
        ),
    ],
    "PHONE": [
        *(
            "Call me at {}",
            "my phone number is {}",
            "我的手机号{}",
            "电话：{}，请回电",
            "Tel. {}",
            "Telefon: {}",
            "tél. {}",
        ),
        *(
            "제 번호는 {} 입니다",
            "hubungi {}",
            "WhatsApp {}",
            "mobile {}",
            "Мой телефон {}",
            "teléfono {}",
            "携帯は{}です",
        ),
        *('"phone": "{}"', "Fax: {}."),
    ],
    "IP": [
        *(
            "my ip is {}",
            "服务器{}连不上",
            "ping {}.",
            "Client {} failed to install package",
            "ip={}",
            "from {} port 22",
        ),
        *("地址是{}。", "the host ({}) is down"),
    ],
    "CARD": [
        *(
            "card number is {}.",
            "卡号 {}",
            "信用卡{}",
            "My visa: {}",
            "tarjeta {}",
            "Kreditkarte {}",
            "카드 {} 입니다",
        ),
        *("pay with {} exp 09/27", "номер карты {}"),
    ],
    "SECRET": [
        *(
            "{}",
            "key {} works",
            "用{}试试",
            "api_key = '{}'",
            '"token": "{}"',
            "curl -H 'X: {}'",
            "我的密钥是{}，",
        ),
        *("export KEY={}", "see `{}`"),
    ],
}
"""Type -> the texts around its values."""

WITH_THEIR_CUE: Sequence[tuple[str, Callable[[random.Random], str]]] = [
    *(
        (template, _password)
        for template in (
            *(
                "password: {}",
                "DB_PASSWORD='{}'",
                "my password is {}",
                "密码：{}",
                "密码是{}",
                "パスワードは{}",
                "비밀번호: {}",
            ),
            *("Passwort: {}", "contraseña: {}", "mot de passe : {}", "senha: {}", "пароль: {}", "kata laluan: {}"),
            *(
                "mysql://root:{}@10.0.0.5/app",
                "--password={}",
                '"password": "{}"',
                "login: ana, pwd: {}",
                "hasło: {}",
            ),
        )
    ),
    *((template, _password) for template in ("my password {} is safe", "密码{}")),
    ("AWS_SECRET_ACCESS_KEY={}", _pick(_MIXED + "/", 40)),
    ("Authorization: Basic {}==", _pick(_MIXED, 24)),
    ("Authorization: Bearer {}", _pick(_MIXED, 40)),
    ("x-api-key: {}", _pick(_HEX, 32)),
    ("AccountKey={}==", _pick(_MIXED + "+/", 86)),
    ("client_secret: {}", _pick(_MIXED + "~_-", 34)),
    ("https://api.example.org/v1?access_token={}&x=1", _pick(_MIXED, 40)),
]
"""Texts whose words say what their value is."""

HARMLESS: Sequence[str] = [
    "2.3.4.1 Wetter\n2.3.4.2 Klima\n2.3.5.1 Boden",
    "2.1.4.3 财务报表\n2.1.4.4 审计",
    "3.2.1.4. Results and discussion",
    "see section 4.1.2.3 and figure 2.1.1.4",
    "npm install left-pad@12.4.1",
    "pip install torch==2.1.0.1",
    "Chrome/112.0.5615.49 Safari/537.36",
    "version 11.25.3.1 of the firmware",
    "Requirement already satisfied: pywin32 in site-packages (from docker) (3.10.0.2)",
    "the address 192.168.1.20 and 127.0.0.1 are private, 8.8.8.8 is public",
    "route 20.0.0.0/8, mask 255.255.255.0",
    "order no. 4158672217 was shipped",
    "Bestellung 0171 9834761",
    "订单号 13918347675",
    "invoice 415-867-5309 is due",
    "月份,微信支付,现金\n2022-07-14,2310.40,871.15\n2022-07-15,2440.00,902.25",
    "微信支付 2023-01-04 1280.50 991.20",
    "012 345 678 901\n013 346 679 902",
    "03 14 15 92 65 35 89 79 32",
    "02-03-2023 and 2023-05-12 15:56:03",
    "timestamp 1691143372129456, epoch 1691143372, ms 1691143372129",
    "22.5, 23.1, 24.9, 25.3",
    "3.14159265358979 and 2.71828182845904",
    "ISBN 978-3-16-148410-0",
    "The years 1998-2004 and 2010-2015",
    "A: 020 3 4 5 B: 030 4 5 6",
    "0.1 0.22 0.333 0.4444",
    "call 555-0123 or 123-456-7890",
    "population 331 893 745 in 2021",
    "0x7ffee4b8 0xdeadbeef 1234567890abcdef",
    "user@example.com and john.doe@gmail.com",
    "your.name@company.com, test@test.com, me@localhost",
    "info@firm.de, noreply@github.com, support@shop.org",
    "output_user@server.txt and icon@2x.png",
    "@router.get('/items')\ndef items(): ...",
    "git@github.com:owner/repo.git",
    "4111 1111 1111 1111 is a test card, so is 4242424242424242",
    "card 1234 5678 9012 3456",
    "卡号 1111 2222 3333 4444",
    "ids 6222021234567890123 and 1684143360123456789",
    "password: ********",
    "password = input('Password: ')",
    "password: str, token: str | None = None",
    "token = tokenizer.encode(text)",
    "api_key = os.environ['OPENAI_API_KEY']",
    "api_key=YOUR_API_KEY_HERE_PLEASE",
    'password="${DB_PASSWORD}"',
    "The password is required. Passwords must have 8-16 characters.",
    "密码：8位以上，包含数字和字母",
    "密码错误，请重新输入",
    "mot de passe : obligatoire",
    "secret = generate_secret_value_for_user(user_id=1)",
    "postgres://user:password@localhost:5432/db",
    "http://localhost:3000/path?key=value&page=2",
    "sk-learn and sk-image are packages",
    "hf_transfer_is_a_package_of_hugging_face",
    "sha256 is 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "uuid 123e4567-e89b-12d3-a456-426614174000",
    "std::vector<int> a::b; 12:30:45",
    "::1 and fe80::1 are local",
]
"""Texts in which nothing is private."""
