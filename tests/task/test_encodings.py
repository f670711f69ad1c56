"""Files of the world's spreadsheets: read in the encoding that they have, and said, or refused."""

import pytest

from harness.errors import TaskFileError
from harness.task import load_task
from harness.task.encodings import decode_any
from harness.task.text import TextFault

QUESTIONS = {
    "gb18030": (["订单{}的退款有问题，请尽快处理", "我的账号{}无法登录怎么办"], ["财务", "技术"]),
    "big5": (["訂單{}的退款有問題，請儘快處理", "我的帳號{}無法登入怎麼辦"], ["財務", "技術"]),
    "cp932": (["注文{}の返金について問い合わせたいです", "アカウント{}にログインできません①"], ["経理", "技術"]),
    "euc_jp": (["注文{}の返金について問い合わせたいです", "荷物{}はいつ届きますか"], ["経理", "配送"]),
    "iso2022_jp": (["注文{}の返金について問い合わせたいです", "荷物{}はいつ届きますか"], ["経理", "配送"]),
    "cp949": (["주문 {} 환불은 언제 처리되나요", "택배 {} 언제 도착하나요"], ["재무", "배송"]),
    "cp1250": (
        ["Kiedy zwrócicie pieniądze za zamówienie {}?", "Gdzie jest paczka {} z łodzi"],
        ["księgowość", "wysyłka"],
    ),
    "cp1251": (["Когда вернут деньги за заказ {}?", "Где моя посылка {}"], ["финансы", "доставка"]),
    "cp1252": (["Wann kommt das Geld für Auftrag {} zurück?", "Wo ist die Größe {}"], ["Rückzahlung", "Straße"]),
    "cp1253": (["Πότε θα επιστραφούν τα χρήματα {};", "Πού είναι το δέμα {}"], ["οικονομικά", "αποστολή"]),
    "cp1254": (["{} numaralı siparişin parası nerede?", "{} hesabına giriş yapamıyorum"], ["muhasebe", "şikâyet"]),
    "cp1255": (["מתי יוחזר הכסף על הזמנה {}?", "איפה החבילה {}"], ["כספים", "משלוחים"]),
    "cp1256": (["متى سيتم رد المبلغ للطلب {}؟", "أين الطرد {}"], ["المالية", "الشحن"]),
    "cp1257": (["Kada grąžinsite pinigus už užsakymą {}?", "Kur yra siuntinys {} šiandien"], ["apskaita", "siuntų"]),
    "cp874": (["เมื่อไหร่จะคืนเงินคำสั่งซื้อ {}", "พัสดุ {} อยู่ที่ไหน"], ["การเงิน", "จัดส่ง"]),
    "koi8_r": (["Когда вернут деньги за заказ {}?", "Где моя посылка {}"], ["финансы", "доставка"]),
    "utf-16-le": (["订单{}的退款有问题，请尽快处理", "我的账号{}无法登录"], ["财务", "技术"]),
    "utf-16-be": (["Wann kommt das Geld für Auftrag {} zurück?", "Wo ist die Größe {}"], ["a", "b"]),
}


def table(encoding, count=60):
    questions, answers = QUESTIONS[encoding]
    rows = [f"{questions[n % 2].format(n)},{answers[n % 2]}" for n in range(count)]
    return "question,answer\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize("encoding", QUESTIONS)
def test_text_is_read_as_it_was_written_and_shown_by_a_row(encoding):
    text = table(encoding)
    decoded = decode_any(text.encode(encoding))
    assert decoded.text == text
    assert "is not UTF-8 and was read as" in decoded.guess
    assert any(line in decoded.guess for line in text.splitlines()[1:3])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_whose_encoding_is_plain_is_read_without_a_word(encoding):
    text = table("gb18030")
    decoded = decode_any(text.encode(encoding))
    assert (decoded.text, decoded.guess) == (text, "")


@pytest.mark.parametrize("encoding", ["cp850", "cp437", "mac_roman"])
def test_encoding_of_other_systems_is_refused_rather_than_garbled(encoding):
    text = table("cp1252")
    try:
        assert decode_any(text.encode(encoding)).text == text
    except TextFault as fault:
        assert "save the file as UTF-8" in fault.text


@pytest.mark.parametrize(
    "raw",
    [
        "Où est café".encode() + b"\n" + "caf\u00e9".encode("cp1252"),  # two encodings in one file
        b"\x1f\x8b\xe9",
        "é".encode("utf-16") + b"\xd8",  # damaged
        bytes(range(128, 256)) * 20,
        b"question,answer\n" + bytes(range(1, 256)),
    ],
)
def test_what_is_no_text_of_one_encoding_is_refused(raw):
    with pytest.raises(TextFault):
        decode_any(raw)


def test_rows_of_any_split_are_read_in_their_encoding_and_the_notes_show_a_row(task_folder):
    questions = table("gb18030").encode("gb18030")
    (task_folder.folder / "train.csv").write_bytes(questions)
    (task_folder.folder / "test.csv").write_bytes("question,answer\n发票什么时候寄出,财务\n".encode("gb18030"))
    task_folder.settings["data"] = {"train": "train.csv", "test": "test.csv"}
    task = load_task(task_folder.save())
    assert task.test[0].question.text == "发票什么时候寄出"
    shown = "was read as GB18030, in which a row is '发票什么时候寄出,财务'"
    assert any(note.startswith("test.csv: is not UTF-8") and shown in note for note in task.notes)


def test_rows_whose_encoding_cannot_be_told_are_refused_with_the_remedy(task_folder):
    (task_folder.folder / "train.csv").write_bytes(table("cp1252").encode("cp850"))
    task_folder.settings["data"]["train"] = "train.csv"
    with pytest.raises(TaskFileError, match=r"train.csv.*save the file as UTF-8"):
        load_task(task_folder.save())
