"""KBLI, the national classification of business fields (klasifikasi baku lapangan usaha Indonesia), in two editions.

KBLI 2020 (Peraturan BPS 2/2020) has 21 sections and 88 divisions, KBLI 2025 (Peraturan BPS 7/2025, ISIC Rev. 5) has 22
and 87: motor trade (45) goes to 46, 47 and 95, and letters from K on name other sections.  Both are here down to the
division, which is what an officer chooses; longer codes are loaded (`desmigratif codes load KBLI_2025`).
Rule: a code has a meaning in its edition only.  Tests: tests/test_codes.py, tests/test_rules.py.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from registry.codes.base import Code
from registry.codes.open_lists import Labels, OpenList


class KbliVersion(Code):
    """Edition of the business classification (KBLI)."""

    KBLI_2020 = "KBLI_2020", "KBLI 2020", "KBLI 2020 (ISIC Rev. 4)"
    KBLI_2025 = "KBLI_2025", "KBLI 2025", "KBLI 2025 (ISIC Rev. 5)"


_2020 = """
A; Pertanian, Kehutanan dan Perikanan; Agriculture, forestry and fishing
01; Pertanian Tanaman, Peternakan, Perburuan dan Kegiatan YBDI; Crop and animal production, hunting
02; Pengelolaan Kehutanan dan Penebangan; Forestry and logging
03; Perikanan; Fishing and aquaculture
B; Pertambangan dan Penggalian; Mining and quarrying
05; Pertambangan Batu Bara dan Lignit; Mining of coal and lignite
06; Pertambangan Minyak Bumi, Gas Alam dan Panas Bumi; Crude petroleum, natural gas and geothermal
07; Pertambangan Bijih Logam; Mining of metal ores
08; Pertambangan dan Penggalian Lainnya; Other mining and quarrying
09; Jasa Penunjang Pertambangan; Mining support services
C; Industri Pengolahan; Manufacturing
10; Industri Makanan; Food products
11; Industri Minuman; Beverages
12; Industri Pengolahan Tembakau; Tobacco products
13; Industri Tekstil; Textiles
14; Industri Pakaian Jadi; Wearing apparel
15; Industri Kulit, Barang dari Kulit dan Alas Kaki; Leather and footwear
16; Industri Kayu, Gabus dan Anyaman; Wood, cork and plaiting
17; Industri Kertas; Paper
18; Pencetakan dan Reproduksi Media Rekaman; Printing
19; Industri Produk dari Batu Bara dan Pengilangan Minyak Bumi; Coke and refined petroleum
20; Industri Bahan Kimia; Chemicals
21; Industri Farmasi dan Obat Tradisional; Pharmaceuticals and herbal medicine
22; Industri Karet dan Plastik; Rubber and plastics
23; Industri Barang Galian Bukan Logam; Non-metallic minerals (bricks, tiles, pottery)
24; Industri Logam Dasar; Basic metals
25; Industri Barang Logam; Fabricated metal products
26; Industri Komputer, Elektronik dan Optik; Computers, electronics and optics
27; Industri Peralatan Listrik; Electrical equipment
28; Industri Mesin ytdl; Machinery n.e.c.
29; Industri Kendaraan Bermotor; Motor vehicles
30; Industri Alat Angkutan Lainnya; Other transport equipment
31; Industri Furnitur; Furniture
32; Industri Pengolahan Lainnya; Other manufacturing (crafts)
33; Reparasi dan Pemasangan Mesin; Repair and installation of machinery
D; Pengadaan Listrik, Gas, Uap/Air Panas dan Udara Dingin; Electricity, gas and steam
35; Listrik, Gas, Uap/Air Panas dan Udara Dingin; Supply of electricity, gas and steam
E; Treatment Air, Air Limbah, Sampah dan Remediasi; Water supply, sewerage and waste
36; Treatment Air; Water supply
37; Treatment Air Limbah; Sewerage
38; Limbah dan Sampah, Pemulihan Material; Waste and recovery of materials
39; Remediasi; Remediation
F; Konstruksi; Construction
41; Konstruksi Gedung; Buildings
42; Konstruksi Bangunan Sipil; Civil engineering
43; Konstruksi Khusus; Specialised construction
G; Perdagangan Besar dan Eceran, Reparasi Mobil dan Sepeda Motor; Wholesale and retail trade, vehicle repair
45; Perdagangan, Reparasi Mobil dan Sepeda Motor; Motor trade and repair
46; Perdagangan Besar; Wholesale trade
47; Perdagangan Eceran; Retail trade
H; Pengangkutan dan Pergudangan; Transport and storage
49; Angkutan Darat dan Pipa; Land transport and pipelines
50; Angkutan Perairan; Water transport
51; Angkutan Udara; Air transport
52; Pergudangan dan Penunjang Angkutan; Warehousing and transport support
53; Pos dan Kurir; Postal and courier services
I; Penyediaan Akomodasi dan Makan Minum; Accommodation and food service
55; Penyediaan Akomodasi; Accommodation
56; Penyediaan Makanan dan Minuman; Food and beverage service
J; Informasi dan Komunikasi; Information and communication
58; Penerbitan; Publishing
59; Film, Video dan Musik; Motion picture, video and music
60; Penyiaran; Broadcasting
61; Telekomunikasi; Telecommunications
62; Pemrograman dan Konsultasi Komputer; Computer programming and consultancy
63; Jasa Informasi; Information services
K; Aktivitas Keuangan dan Asuransi; Financial and insurance activities
64; Jasa Keuangan; Financial services
65; Asuransi dan Dana Pensiun; Insurance and pension funds
66; Penunjang Jasa Keuangan; Auxiliary financial activities
L; Real Estat; Real estate
68; Aktivitas Real Estat; Real estate activities
M; Aktivitas Profesional, Ilmiah dan Teknis; Professional, scientific and technical activities
69; Hukum dan Akuntansi; Legal and accounting activities
70; Kantor Pusat dan Konsultasi Manajemen; Head offices and management consultancy
71; Arsitektur dan Keinsinyuran; Architecture and engineering
72; Penelitian dan Pengembangan; Research and development
73; Periklanan; Advertising
74; Profesional, Ilmiah dan Teknis Lainnya; Other professional activities
75; Kesehatan Hewan; Veterinary activities
N; Penyewaan, Ketenagakerjaan, Agen Perjalanan, Penunjang Usaha; Administrative and support services
77; Penyewaan; Rental
78; Ketenagakerjaan; Employment activities
79; Agen Perjalanan; Travel agencies
80; Keamanan; Security
81; Gedung dan Pertamanan; Services to buildings and landscape
82; Administrasi Kantor dan Penunjang Usaha; Office support
O; Administrasi Pemerintahan, Pertahanan dan Jaminan Sosial Wajib; Public administration
84; Pemerintahan, Pertahanan dan Jaminan Sosial; Public administration and defence
P; Pendidikan; Education
85; Jasa Pendidikan; Education services
Q; Kesehatan Manusia dan Aktivitas Sosial; Human health and social work
86; Kesehatan; Human health
87; Aktivitas Sosial di Dalam Panti; Residential care
88; Aktivitas Sosial Tanpa Akomodasi; Social work without accommodation
R; Kesenian, Hiburan dan Rekreasi; Arts, entertainment and recreation
90; Hiburan dan Kesenian; Arts and entertainment
91; Perpustakaan dan Museum; Libraries and museums
92; Perjudian; Gambling
93; Olahraga dan Rekreasi; Sports and recreation
S; Aktivitas Jasa Lainnya; Other services
94; Keanggotaan Organisasi; Membership organisations
95; Reparasi Komputer dan Barang Pribadi; Repair of computers and household goods
96; Jasa Perorangan; Personal services
T; Rumah Tangga sebagai Pemberi Kerja; Households as employers
97; Rumah Tangga Pemberi Kerja Personel Domestik; Households as employers of domestic staff
98; Rumah Tangga Penghasil Barang dan Jasa Sendiri; Households producing for own use
U; Badan Internasional; Extraterritorial organisations
99; Badan Internasional dan Ekstra Internasional; Extraterritorial bodies
"""

_2025_SECTIONS = """
A 01; Pertanian, Kehutanan, dan Perikanan; Agriculture, forestry and fishing
B 05; Pertambangan dan Penggalian; Mining and quarrying
C 10; Industri; Manufacturing
D 35; Penyediaan Listrik, Gas, Uap/Air Panas, dan Udara Dingin; Electricity, gas, steam and air conditioning
E 36; Penyediaan Air, Pengelolaan Air Limbah, Penanganan Limbah, dan Remediasi; Water supply, sewerage and waste
F 41; Konstruksi; Construction
G 46; Perdagangan Besar dan Eceran; Wholesale and retail trade
H 49; Transportasi dan Penyimpanan; Transportation and storage
I 55; Penyediaan Akomodasi dan Makan Minum; Accommodation and food service
J 58; Penerbitan, Penyiaran, serta Produksi dan Distribusi Konten; Publishing, broadcasting and content
K 61; Telekomunikasi, Pemrograman Komputer, dan Jasa Informasi; Telecommunications, computing and information services
L 64; Keuangan dan Asuransi; Financial and insurance activities
M 68; Real Estat; Real estate activities
N 69; Profesional, Ilmiah, dan Teknis; Professional, scientific and technical activities
O 77; Administratif dan Penunjang; Administrative and support services
P 84; Administrasi Pemerintahan; Public administration
Q 85; Pendidikan; Education
R 86; Kesehatan dan Sosial; Human health and social work
S 90; Seni, Olahraga, dan Rekreasi; Arts, sports and recreation
T 94; Jasa Lainnya; Other services
U 97; Rumah Tangga Pemberi Kerja; Households as employers
V 99; Badan Internasional; Extraterritorial organisations
"""
"""Each with its first division."""

_2025_DIVISIONS = {
    "60": ("Pemrograman Siaran, Penyiaran, Kantor Berita dan Distribusi Konten Lainnya", "Broadcasting and content"),
    "63": ("Infrastruktur Komputasi dan Jasa Informasi Lainnya", "Computing infrastructure, information services"),
    "73": ("Periklanan, Penelitian Pasar dan Kehumasan", "Advertising, market research and public relations"),
    "90": ("Penciptaan Karya Seni dan Seni Pertunjukan", "Arts creation and performing arts"),
    "95": (
        "Reparasi Komputer, Barang Pribadi, Mobil dan Sepeda Motor",
        "Repair of computers, household goods and motor vehicles",
    ),
}
"""Divisions that cover something else than in KBLI 2020.  The others have the same short titles here, although KBLI
2025 words many of them anew: a list that is loaded brings its own."""


def _table(lines: str) -> Iterator[tuple[str, Labels]]:
    for line in lines.strip().splitlines():
        code, label_id, label_en = line.split("; ")
        yield code, (label_id, label_en)


def _codes_2025(divisions: dict[str, Labels]) -> dict[str, Labels]:
    sections = {code.split()[1]: (code[0], labels) for code, labels in _table(_2025_SECTIONS)}
    codes: dict[str, Labels] = {}
    for division, labels in divisions.items():
        if division in sections:
            letter, titles = sections[division]
            codes[letter] = titles
        codes[division] = _2025_DIVISIONS.get(division, labels)
    return codes


_CODES_2020 = dict(_table(_2020))
_DIVISIONS = {code: labels for code, labels in _CODES_2020.items() if code.isdigit() and code != "45"}
_FORM = "[A-V]|[0-9]{2,5}"
KBLI: Mapping[str, OpenList] = {
    KbliVersion.KBLI_2020: OpenList("KBLI_2020", "Peraturan BPS 2/2020", _CODES_2020, _FORM),
    KbliVersion.KBLI_2025: OpenList("KBLI_2025", "Peraturan BPS 7/2025", _codes_2025(_DIVISIONS), _FORM),
}
"""The list of each edition: sections and divisions, and what was loaded."""


def _first_divisions(codes: Iterable[str]) -> dict[str, str]:
    return {following: code for code, following in pairwise(codes) if code.isalpha()}


SECTIONS = {version: _first_divisions(KBLI[version].codes) for version in KbliVersion}
"""The first division of each section → its letter, in order; a section reaches to the first division of the next."""
