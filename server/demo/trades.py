"""The businesses of the demo's households, in fields that fit a village.

Rule: most sell in the village and are micro; a few make what can be exported, and those have the permits for it.
Test: tests/test_demo_households.py.
"""

import datetime as dt
import random
from typing import Any, NamedTuple

from registry.codes import BusinessField, BusinessPermit
from server.demo.episodes import days, partial, pick

F, P = BusinessField, BusinessPermit


class Trade(NamedTuple):
    """A kind of business: how common it is, its name, what it makes, and whether that can be exported."""

    weight: float
    field: BusinessField
    name: str
    description: str
    exportable: bool = False


TRADES: tuple[Trade, ...] = (
    Trade(19, F.RETAIL, "Warung {who}", "Sembako dan kebutuhan harian"),
    Trade(5, F.RETAIL, "Toko Pakaian {who}", "Pakaian jadi dan kerudung"),
    Trade(12, F.FOOD_PROCESSING, "Keripik {who}", "Keripik singkong, pisang dan tempe", True),
    Trade(5, F.FOOD_PROCESSING, "Kopi Bubuk {place}", "Kopi bubuk kemasan", True),
    Trade(3, F.FOOD_PROCESSING, "Gula Semut {place}", "Gula semut dari nira", True),
    Trade(7, F.LIVESTOCK, "Ternak Kambing {who}", "Kambing dan domba"),
    Trade(4, F.LIVESTOCK, "Ayam Petelur {who}", "Telur ayam"),
    Trade(8, F.CROPS, "Tani {who}", "Cabai, jagung dan sayuran"),
    Trade(3, F.CROPS, "Vanili {place}", "Vanili kering", True),
    Trade(3, F.FISHERY, "Kolam Lele {who}", "Pembesaran lele"),
    Trade(2, F.FISHERY, "Rumput Laut {place}", "Rumput laut kering", True),
    Trade(8, F.FOOD_SERVICE, "Warung Makan {who}", "Nasi, bakso dan minuman"),
    Trade(5, F.TAILORING, "Jahit {who}", "Jahitan pakaian dan seragam"),
    Trade(3, F.TEXTILE_CLOTHING_LEATHER, "Tenun {place}", "Kain tenun dan batik", True),
    Trade(3, F.CRAFTS, "Anyaman {place}", "Tas dan wadah anyaman bambu", True),
    Trade(2, F.FURNITURE_WOOD, "Mebel {who}", "Kursi dan lemari kayu", True),
    Trade(4, F.WORKSHOP_REPAIR, "Bengkel {who}", "Servis sepeda motor"),
    Trade(3, F.ONLINE_TRADE, "{who} Online", "Kosmetik dan pakaian lewat aplikasi"),
    Trade(3, F.TRANSPORT, "Travel {who}", "Antar jemput dan angkutan barang"),
    Trade(3, F.SALON, "Salon {who}", "Potong rambut dan rias pengantin"),
    Trade(2, F.FINANCIAL_AGENT, "Agen {who}", "Transfer dan pembayaran tagihan"),
    Trade(2, F.WHOLESALE_COLLECTOR, "Pengepul {who}", "Hasil bumi dari petani sekitar"),
    Trade(2, F.CONSTRUCTION, "Batako {who}", "Batako dan paving"),
    Trade(1, F.TOURISM_LODGING, "Homestay {place}", "Kamar untuk wisatawan"),
    Trade(1, F.EDUCATION, "Kursus Bahasa {who}", "Kursus bahasa Mandarin, Inggris dan Korea"),
)
DIVISIONS = {
    F.RETAIL: "47",
    F.FOOD_PROCESSING: "10",
    F.LIVESTOCK: "01",
    F.CROPS: "01",
    F.FISHERY: "03",
    F.FOOD_SERVICE: "56",
    F.TAILORING: "14",
    F.TEXTILE_CLOTHING_LEATHER: "13",
    F.CRAFTS: "16",
    F.FURNITURE_WOOD: "31",
    F.WORKSHOP_REPAIR: "95",
    F.ONLINE_TRADE: "47",
    F.TRANSPORT: "49",
    F.SALON: "96",
    F.FINANCIAL_AGENT: "66",
    F.WHOLESALE_COLLECTOR: "46",
    F.CONSTRUCTION: "43",
    F.TOURISM_LODGING: "55",
    F.EDUCATION: "85",
}
"""The KBLI division of a field, which is the same in both editions."""
WEIGHTS = tuple(trade.weight for trade in TRADES)
TURNOVER: dict[str, tuple[int, int]] = {
    "UNDER_500K": (200_000, 500_000),
    "FROM_500K_TO_2M": (500_000, 2_000_000),
    "FROM_2M_TO_5M": (2_000_000, 5_000_000),
    "FROM_5M_TO_15M": (5_000_000, 15_000_000),
    "FROM_15M_TO_50M": (15_000_000, 50_000_000),
    "FROM_50M_TO_166M": (50_000_000, 166_000_000),
    "OVER_166M": (170_000_000, 400_000_000),
}
"""Rupiah a month of each band, at least and at most."""
SMALL = dict(zip(TURNOVER, (10, 30, 32, 20, 7, 1, 0), strict=True))
LARGE = dict(zip(TURNOVER, (0, 0, 4, 20, 40, 26, 10), strict=True))
MARKETS = {"VILLAGE": 50, "DISTRICT": 26, "REGENCY": 17, "PROVINCE": 5, "NATIONAL": 2}
CAPITAL = {"REMITTANCE": 52, "SAVINGS": 24, "KUR_LOAN": 12, "COOPERATIVE": 4, "GRANT": 4, "OTHER_LOAN": 4}
STATUS = {"RUNNING": 88, "PAUSED": 7, "CLOSED": 5}
READINESS = {"NONE": 42, "POTENTIAL": 38, "READY": 14, "EXPORTING": 6}
BUYERS = ("MY", "SG", "TW", "HK", "JP", "AE", "NL", "AU", "SA")


def business(
    owner: str, who: str, place: str, village: str, number: int, since: dt.date, visited: dt.date, rng: random.Random
) -> dict[str, Any]:
    """The columns of a business unit that began after `since`.

    `who` and `place` are for its name, `village` is the id of the village, `number` makes its NIB unique.
    """
    trade = rng.choices(TRADES, WEIGHTS)[0]
    readiness = pick(READINESS, rng) if trade.exportable else "NONE"
    is_exporting = readiness == "EXPORTING"
    is_ready = readiness in ("READY", "EXPORTING")
    status = "RUNNING" if is_ready else pick(STATUS, rng)
    began = min(since + days(rng.uniform(0.1, 1.5)), visited - dt.timedelta(days=30))
    band = pick(LARGE if is_ready else SMALL, rng)
    row: dict[str, Any] = {
        "owner_id": owner,
        "name": trade.name.format(who=who, place=place),
        "description": trade.description,
        "field": trade.field.value,
        "status": status,
        "started_on": partial(began, rng, 0.2),
        "turnover_band": band,
        "capital_amount": str(rng.randrange(2, 80 if is_ready else 25) * 1_000_000),
        "capital_currency": "IDR",
        "capital_source": pick(CAPITAL, rng),
        "workers_family": rng.choices([0, 1, 2, 3], [2, 5, 3, 1])[0],
        "workers_paid_male": rng.randint(0, 6) if is_ready else rng.choices([0, 1, 2], [85, 11, 4])[0],
        "workers_paid_female": rng.randint(1, 9) if is_ready else rng.choices([0, 1, 2], [80, 14, 6])[0],
        "permits": [],
        "market": _market(readiness, rng),
        "sells_online": rng.random() < (0.8 if is_ready else 0.2),
        "export_readiness": readiness,
        "export_countries": sorted(rng.sample(BUYERS, rng.randint(1, 3))) if is_exporting else [],
        "location_village_id": village,
    }
    edition = random.Random(f"kbli/{number}").choices((None, "KBLI_2020", "KBLI_2025"), (35, 25, 40))[0]
    if edition is not None:
        row |= {"kbli_version": edition, "kbli_code": DIVISIONS[trade.field]}
    if status == "CLOSED":
        row["closed_on"] = (began + (visited - began) * rng.uniform(0.5, 1)).isoformat()[:7]
    if is_ready or rng.random() < 0.3:
        low, high = TURNOVER[band]
        row["annual_sales_amount"] = str(12 * rng.randrange(low, high, 50_000))
        row["annual_sales_currency"] = "IDR"
    if is_ready or rng.random() < 0.24:
        row["nib"] = f"99{number:011d}"
    if trade.field is F.FOOD_PROCESSING and (is_ready or rng.random() < 0.25):
        is_halal = is_ready or rng.random() < 0.4
        row["permits"] = [P.PIRT.value, P.HALAL.value] if is_halal else [P.PIRT.value]
    elif is_ready:
        row["permits"] = [P.TRADEMARK.value, P.NPWP.value]
    return row


def _market(readiness: str, rng: random.Random) -> str:
    if readiness == "EXPORTING":
        return "EXPORT"
    if readiness == "READY":
        return "NATIONAL"
    return pick(MARKETS, rng)
