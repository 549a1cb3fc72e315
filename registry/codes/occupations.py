"""Occupations (pekerjaan) of the family card: the 89 numbers of Dukcapil's list, with both labels.

Rule: the list has no number for migrant workers, so episodes are records of their own.
Test: tests/test_codes.py.
"""

_LIST = """
Belum/Tidak Bekerja; Not working
Mengurus Rumah Tangga; Keeping house
Pelajar/Mahasiswa; Pupil or student
Pensiunan; Pensioner
Pegawai Negeri Sipil; Civil servant
Tentara Nasional Indonesia; Armed forces
Kepolisian RI; Police
Perdagangan; Trade
Petani/Pekebun; Farmer or planter
Peternak; Livestock farmer
Nelayan/Perikanan; Fisher
Industri; Industry
Konstruksi; Construction
Transportasi; Transport
Karyawan Swasta; Private employee
Karyawan BUMN; Employee of a state enterprise
Karyawan BUMD; Employee of a regional enterprise
Karyawan Honorer; Contract employee of the government
Buruh Harian Lepas; Casual labourer
Buruh Tani/Perkebunan; Farm or plantation labourer
Buruh Nelayan/Perikanan; Fishery labourer
Buruh Peternakan; Livestock labourer
Pembantu Rumah Tangga; Domestic worker
Tukang Cukur; Barber
Tukang Listrik; Electrician
Tukang Batu; Mason
Tukang Kayu; Carpenter
Tukang Sol Sepatu; Cobbler
Tukang Las/Pandai Besi; Welder or blacksmith
Tukang Jahit; Tailor
Tukang Gigi; Denturist
Penata Rias; Make-up artist
Penata Busana; Fashion stylist
Penata Rambut; Hairdresser
Mekanik; Mechanic
Seniman; Artist
Tabib; Traditional healer
Paraji; Traditional midwife
Perancang Busana; Fashion designer
Penterjemah; Translator
Imam Masjid; Imam
Pendeta; Protestant minister
Pastor; Priest
Wartawan; Journalist
Ustadz/Mubaligh; Islamic preacher
Juru Masak; Cook
Promotor Acara; Event promoter
Anggota DPR-RI; Member of the House of Representatives
Anggota DPD; Member of the Regional Representative Council
Anggota BPK; Member of the Audit Board
Presiden; President
Wakil Presiden; Vice-president
Anggota Mahkamah Konstitusi; Constitutional judge
Anggota Kabinet/Kementerian; Member of the cabinet
Duta Besar; Ambassador
Gubernur; Governor
Wakil Gubernur; Vice-governor
Bupati; Regent
Wakil Bupati; Vice-regent
Walikota; Mayor
Wakil Walikota; Vice-mayor
Anggota DPRD Provinsi; Member of a provincial council
Anggota DPRD Kabupaten/Kota; Member of a regency or city council
Dosen; Lecturer
Guru; Teacher
Pilot; Pilot
Pengacara; Lawyer
Notaris; Notary
Arsitek; Architect
Akuntan; Accountant
Konsultan; Consultant
Dokter; Doctor
Bidan; Midwife
Perawat; Nurse
Apoteker; Pharmacist
Psikiater/Psikolog; Psychiatrist or psychologist
Penyiar Televisi; Television presenter
Penyiar Radio; Radio presenter
Pelaut; Seafarer
Peneliti; Researcher
Sopir; Driver
Pialang; Broker
Paranormal; Psychic
Pedagang; Trader
Perangkat Desa; Village official
Kepala Desa; Village head
Biarawan/Biarawati; Monk or nun
Wiraswasta; Self-employed
Lainnya; Other
"""

OCCUPATIONS: dict[str, tuple[str, str]] = {}
"""Number to (Indonesian, English) label."""
for number, line in enumerate(_LIST.strip().splitlines(), start=1):
    label_id, _, label_en = line.partition("; ")
    OCCUPATIONS[str(number)] = label_id, label_en
