"""How the words of a name sound, so that one search finds every spelling of it.

`registry.sounds` answers one key a word: letters `a`–`z` and digits, the longest first.  Titles and `bin` are left out,
abbreviations written out, old and Arabic spellings folded, so that Siti is Sitti, Djoko is Joko, Mhd. is Muhammad.
The columns are generated: whoever writes a name writes its sounds.  A changed rule is a new version that replaces the
function and makes the columns again.
"""

from alembic import op

revision = "name_sounds"
down_revision = "registry_core"
branch_labels = None
depends_on = None

# Each rule is done everywhere in the name before the next begins.  All but the titles keep the beginning of a word
# the beginning of its key, so that a name is found while it is typed: that is why y and j become i, and w becomes u.
FUNCTION = r"""
CREATE FUNCTION registry.sounds(name text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  rule text[];
  said text := lower(regexp_replace(normalize(regexp_replace(left(name, 200), '[''"`´‘’‚‛“”„ʻʼʽˈ′]', '', 'g'), NFKD),
                                    '[\u0300-\u036f]', '', 'g'));
BEGIN
  said := btrim(regexp_replace(said, '[^a-z0-9]+', ' ', 'g'));
  FOREACH rule SLICE 1 IN ARRAY ARRAY[
    ['^((h|hj|kh|ust|ustad|ustadz|tgk|drs?|dra|ir|prof|bpk|bapak|ibu|almh?|almarhum|almarhumah) )+', ''],
    [' (h|hj|kh|ust|drs?|dra|ir|alm|almh|bin|binti|binte|bt)\M', ''],
    ['oe|ou|oo', 'u'], ['ie', 'i'], ['ae', 'ai'],                             -- Soekarno, Noor, Triesno, Jaenal
    ['\mm[ou](kh|ch|h)', 'muh'], ['\m(mhd|md|muhd|muh)\M', 'muhamad'], ['\mmuham+e', 'muhama'],
    ['\mst\M', 'siti'], ['\mabd\M', 'abdul'],
    ['\mabdu([rsntdz])\1?', 'abdul \1'], ['\mnur([a-z])', 'nur \1'],          -- Abdurrahman, Nurjanah
    ['\mch([rl])', 'k\1'], ['[ck]h', 'h'], ['s[hjy]+', 's'], ['([bdgt])h', '\1'],
    ['tj', 'c'], ['dj', 'j'], ['dz', 'z'], ['\mz', 'j'], ['ph', 'p'], ['ck', 'k'], ['x', 'ks']
  ] LOOP
    said := regexp_replace(said, rule[1], rule[2], 'g');
  END LOOP;
  said := translate(said, 'fvqzyjw', 'ppksiiu');
  said := regexp_replace(said, '\Y({doubled})', '', 'g');                     -- Sitti, Budiyanto, Suwandi
  said := regexp_replace(said, '\Yh+\M', '', 'g');                            -- Aisyah
  RETURN ARRAY(SELECT word FROM unnest(string_to_array(said, ' ')) WITH ORDINALITY AS w (word, n)
               WHERE word <> '' ORDER BY length(word) DESC, n);
END $$
""".replace("{doubled}", "|".join(f"{letter}(?={letter})" for letter in "abcdeghiklmnoprstu"))

NAMES = {"member": "full_name", "business": "name", "region": "search_name"}


def upgrade() -> None:
    op.execute(FUNCTION)
    for table, name in NAMES.items():
        op.execute(
            f'ALTER TABLE registry.{table} ADD COLUMN sounds TEXT[] COLLATE "C"'
            f" GENERATED ALWAYS AS (registry.sounds({name})) STORED"
        )
        place = "" if table == "region" else ", area"
        for n in range(1, 5):
            op.execute(
                f"CREATE INDEX ix_{table}_sound_{n} ON registry.{table} ((sounds[{n}]){place})"
                f" WHERE sounds[{n}] IS NOT NULL"
            )
