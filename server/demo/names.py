"""Names that are usual in the demo's provinces, combined at random: they belong to nobody in particular.

Rule: a family shares a name where family names are usual, and nowhere else.  Test: tests/test_demo_households.py.
"""

import random
from dataclasses import dataclass

from registry.codes import Sex


@dataclass(frozen=True, slots=True)
class Culture:
    """Names of people and of hamlets; `families` is empty where names are not inherited."""

    men: tuple[str, ...]
    women: tuple[str, ...]
    second_men: tuple[str, ...]
    second_women: tuple[str, ...]
    families: tuple[str, ...]
    hamlets: tuple[str, ...]


def culture(men: str, women: str, second_men: str, second_women: str, families: str, hamlets: str) -> Culture:
    """A culture whose names are given as texts, with commas between them."""
    texts = (men, women, second_men, second_women, families, hamlets)
    return Culture(*(_split(text) for text in texts))


def _split(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


JAVANESE = culture(
    "Suwarno, Sutrisno, Bambang, Slamet, Sugeng, Wahyu, Agus, Eko, Joko, Mulyadi, Purwanto, Sumarno, Teguh, Yanto",
    "Siti, Sri, Sumiati, Suparti, Endang, Wiwik, Tutik, Lestari, Ratna, Yuni, Dwi, Ngatini, Rukmini, Sulastri",
    "Santoso, Prasetyo, Wibowo, Hartono, Nugroho, Setiawan, Kurniawan, Susilo, Raharjo",
    "Rahayu, Wahyuni, Handayani, Utami, Astuti, Puspita, Ningsih, Kusuma, Wulandari",
    "",
    "Krajan, Sumberejo, Karangrejo, Tegalsari, Sidomulyo, Ngadirejo, Bendo, Wonosari",
)
MADURESE = culture(
    "Moh. Hasan, Abd. Rahman, Misnadi, Buhari, Sahid, Marsuki, Rasidi, Jumali, Suraji, Hosnan",
    "Hosniyah, Misnati, Sumaiyah, Maryam, Jumaati, Rohimah, Nurhayati, Satuna, Subaidah",
    "Arifin, Hidayat, Fauzi, Ridwan, Mustofa",
    "Hasanah, Fitriyah, Laila, Zahroh, Aisyah",
    "",
    "Krajan, Taman, Tengah, Pandian, Langsar, Barat Sungai",
)
SUNDANESE = culture(
    "Asep, Dadang, Ujang, Cecep, Deden, Iwan, Dede, Encep, Jajang, Tatang, Rohman, Aep, Yayan",
    "Euis, Neneng, Iis, Cucu, Imas, Nani, Yanti, Elis, Titin, Wawat, Enok, Ai, Rina",
    "Hidayat, Suryana, Mulyana, Saepudin, Sopandi, Permana, Kosasih, Ramdani",
    "Rohaeni, Nurjanah, Suryani, Komalasari, Kartika, Maryati, Hasanah, Sumarni",
    "",
    "Pasirmuncang, Babakan, Cikole, Sukamaju, Kaum, Cibodas, Warungsari",
)
SASAK = culture(
    "Sahar, Mahrip, Ahmad, Saprudin, Mahsun, Amaq Ridwan, Zulkarnaen, Jumahir, Hamdan, Sukri, Muhsin, Rahmat",
    "Sahnim, Mahnim, Nurhasanah, Raehan, Hadijah, Salmah, Husniah, Zohriah, Rohani, Sakmah, Mariani",
    "Hadi, Efendi, Wathoni, Azhari, Jayadi, Maliki",
    "Aini, Hidayati, Wahida, Fitriani, Sopiah, Zuhriah",
    "",
    "Dasan Baru, Gubuk Lauk, Gubuk Daya, Montong, Presak, Otak Desa, Timba",
)
FLORES = culture(
    "Yohanes, Petrus, Markus, Fransiskus, Yosef, Antonius, Dominikus, Agustinus, Stefanus, Kornelis, Gabriel",
    "Maria, Theresia, Yuliana, Veronika, Agnes, Kristina, Margareta, Katarina, Elisabeth, Rosalia, Bernadeta",
    "",
    "",
    "Lewar, Tukan, Kedang, Bulu, Wungo, Nggadas, Doren, Keraf Tua, Muda Ola, Rebon, Dhae, Lamanepa",
    "Lewokeda, Nuba, Waibalun, Riang, Koli, Wolo, Bola, Nita",
)
BATAK = culture(
    "Parlindungan, Togar, Binsar, Hotman, Saut, Ramli, Maruli, Jonson, Poltak, Edison, Marihot",
    "Rosmawati, Tiur, Lamria, Nurmala, Risma, Duma, Rotua, Herlina, Sondang, Melva, Tiarma",
    "",
    "",
    "Sinaga, Simbolon, Tarigan, Ginting, Harahap, Lubis, Sitorus, Manurung, Sembiring, Pasaribu",
    "Lumban Dolok, Huta Raja, Pasar, Huta Godang, Sibolangit, Tanjung",
)
BUGIS = culture(
    "Baharuddin, Syamsuddin, Ambo, Arifuddin, Rustan, Muhlis, Sudirman, Basri, Kaharuddin, Mansyur",
    "Hasnah, Rosdiana, Sitti Aminah, Nurhaeda, Darmawati, Indo Tang, Salmiah, Hj. Nurbaya, Murni, Rabiah",
    "Saleh, Rahim, Yunus, Latif, Tahir",
    "Nur, Saleha, Wati, Ramlah",
    "",
    "Lempong, Labuange, Pallae, Bonto, Tanete, Lompo",
)
BALINESE = culture(
    "I Wayan Sudarma, I Made Suarta, I Nyoman Artana, I Ketut Sukerta, I Gede Wirawan, I Putu Mahendra, I Kadek Yasa",
    "Ni Wayan Sari, Ni Made Suryani, Ni Nyoman Rai, Ni Ketut Sukerti, Ni Luh Ayuni, Ni Putu Widi, Ni Kadek Sukma",
    "Adnyana, Wijaya, Putra, Arta, Darma, Suta",
    "Dewi, Lestari, Asih, Astiti, Wati, Ratih",
    "",
    "Banjar Kaja, Banjar Kelod, Banjar Tengah, Banjar Anyar, Banjar Delod Pura",
)
MALAY = culture(
    "Zainal, Hamzah, Syahrial, Iskandar, Effendi, Ramadhan, Junaidi, Mahmud, Darwis, Herman, Saiful",
    "Zuraida, Halimah, Nurbaiti, Fatimah, Ramlah, Asmawati, Juliana, Rosnah, Mastura, Erna, Suhaini",
    "Abidin, Syahputra, Ismail, Hasan, Usman, Yusuf",
    "Sari, Yanti, Hayati, Rahmi, Dewi, Amalia",
    "",
    "Melati, Kenanga, Seberang, Hulu, Hilir, Darat, Tanjung Raya",
)

BY_PROVINCE: dict[str, tuple[Culture, ...]] = {
    "12": (BATAK, BATAK, MALAY, JAVANESE),
    "18": (JAVANESE, JAVANESE, MALAY),
    "32": (SUNDANESE, SUNDANESE, SUNDANESE, JAVANESE),
    "33": (JAVANESE,),
    "34": (JAVANESE,),
    "35": (JAVANESE, JAVANESE, JAVANESE, MADURESE),
    "36": (SUNDANESE,),
    "51": (BALINESE,),
    "52": (SASAK,),
    "53": (FLORES,),
    "61": (MALAY,),
    "73": (BUGIS,),
}


def culture_of(area: str | None, rng: random.Random) -> Culture:
    """The culture of a family in the area, or anywhere in the country if it is None."""
    province = area[:2] if area else rng.choice(sorted(BY_PROVINCE))
    return rng.choice(BY_PROVINCE[province])


def given_name(culture: Culture, sex: Sex, rng: random.Random) -> str:
    """The person's own name or two names, as is usual in the culture."""
    is_male = sex is Sex.MALE
    first = rng.choice(culture.men if is_male else culture.women)
    second_names = culture.second_men if is_male else culture.second_women
    if second_names and rng.random() < 0.6:
        return f"{first} {rng.choice(second_names)}"
    return first
