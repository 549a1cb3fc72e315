"""How names are found and ordered: by each of their words, written together or apart, in one order of the alphabet.

`registry.sounds` answers one key for each word of a name: how it sounds from there to its end, written together.  So a
word is the beginning of its key, and so are two words that somebody wrote as one.  What is searched is cut into words
in the same way (`search_words`); each of them, or it joined with the one or two before it, begins a key.
`registry.name_order` is what names are sorted by: letters without case and accents, without quotes.  No collation does
it, for the ICU that would is not part of every PostgreSQL and changes with its version under a kept index.
"""

from alembic import op

revision = "name_words"
down_revision = "first_day_inlined"
branch_labels = None
depends_on = None

MEETING = "o[^a-z]+[eou]|[ai][^a-z]+e|[td][^a-z]+j|[bcdgkpt][^a-z]+h|s[^a-z]+[hjy]|[^a-z](z|ch)"
"""Where two words meet in letters that sound otherwise when they are written as one."""
QUOTES = "''\"`´‘’‚‛“”„ʻʼʽˈ′"

# Each rule is done everywhere in the name before the next begins.  All but the titles keep the beginning of a word
# the beginning of its key, so that a name is found while it is typed: that is why y and j become i, and w becomes u.
WORDS = r"""
CREATE FUNCTION registry.name_words(name text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  rule text[];
  said text := lower(regexp_replace(normalize(regexp_replace(left(name, 200), '[{quotes}]', '', 'g'), NFKD),
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
  said := regexp_replace(said, '\Yh+(?=[bcdgklmnprst]|\M)', '', 'g');         -- Aisyah, and Aisyahputri as Aisyah Putri
  RETURN nullif(array_remove(string_to_array(said, ' '), ''), '{}');
END $$
""".replace("{doubled}", "|".join(f"{letter}(?={letter})" for letter in "abcdeghiklmnoprstu")).replace(
    "{quotes}", QUOTES
)

FUNCTIONS = (
    # Written together, two words lose a letter that both have where they meet, as it would be lost inside one.
    r"""
    CREATE FUNCTION registry.name_joined(words text[]) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT left(regexp_replace(array_to_string(words, ''), '\Y({doubled})', '', 'g'), 40) $$
    """.replace("{doubled}", "|".join(f"{letter}(?={letter})" for letter in "abcdeghiklmnoprstu")),
    """
    CREATE FUNCTION registry.name_together(name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT registry.name_joined(registry.name_words(regexp_replace(name, '[[:punct:][:space:]]+', '', 'g'))) $$
    """,
    # The whole as one word comes last where it may sound otherwise: Matano Oe is Matanooe too.
    """
    CREATE FUNCTION registry.sounds(name text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT CASE WHEN name ~* '{meeting}' AND keys <> '{}' THEN keys || registry.name_together(name)
                      ELSE keys END
          FROM (SELECT coalesce(array_agg(registry.name_joined(w.words[n:]) ORDER BY n), '{}') AS keys
                FROM (SELECT registry.name_words(name) AS words) w, generate_subscripts(w.words, 1) AS n) k $$
    """.replace("{meeting}", MEETING),
    # By which keys rows are picked: the longest word, the same joined with the word before it, and the whole as one.
    """
    CREATE FUNCTION registry.search_runs(said text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT coalesce((
            SELECT ARRAY[registry.name_joined(w.words[n:n]),
                         CASE WHEN n > 1 THEN registry.name_joined(w.words[n - 1:n]) END,
                         registry.name_together(said)]
            FROM (SELECT registry.name_words(said) AS words) w, generate_subscripts(w.words, 1) AS n
            ORDER BY length(w.words[n]) DESC, n LIMIT 1), '{}') $$
    """,
    # Each word begins a key (for LIKE) …
    """
    CREATE FUNCTION registry.search_words(said text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT coalesce(array_agg('% ' || registry.name_joined(ARRAY[word]) || '%'), '{}')
          FROM unnest(registry.name_words(said)) AS word $$
    """,
    # … or it does with the one or the two words before it (a regular expression).
    """
    CREATE FUNCTION registry.search_patterns(said text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT coalesce(array_agg(concat(' (', concat_ws('|', registry.name_joined(w.words[n:n]),
                    CASE WHEN n > 1 THEN registry.name_joined(w.words[n - 1:n]) END,
                    CASE WHEN n > 2 THEN registry.name_joined(w.words[n - 2:n]) END), ')')), '{}')
          FROM (SELECT registry.name_words(said) AS words) w, generate_subscripts(w.words, 1) AS n $$
    """,
    # One expression, so that PostgreSQL puts it in place of the call; most names are plain letters.
    r"""
    CREATE FUNCTION registry.name_order(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN name COLLATE "C" ~ '^[A-Za-z]+( [A-Za-z]+)*$' THEN lower(name COLLATE "C")
          ELSE btrim(regexp_replace(lower(regexp_replace(normalize(name, NFKD), '[{quotes}\u0300-\u036f]', '', 'g')
                     COLLATE "C"), '[[:punct:][:space:]]+', ' ', 'g')) END $$
    """.replace("{quotes}", QUOTES),
)

NAMES = {"member": "full_name", "business": "name", "region": "search_name"}


def upgrade() -> None:
    for table in NAMES:
        op.execute(f"ALTER TABLE registry.{table} DROP COLUMN sounds")  # and its indexes
    op.execute("DROP FUNCTION registry.sounds")
    op.execute(WORDS)
    for function in FUNCTIONS:
        op.execute(function)
    for table, name in NAMES.items():
        op.execute(
            f'ALTER TABLE registry.{table} ADD COLUMN sounds TEXT[] COLLATE "C"'
            f" GENERATED ALWAYS AS (registry.sounds({name})) STORED"
        )
        place = "" if table == "region" else ", area"
        for n in range(1, 11):
            op.execute(
                f"CREATE INDEX ix_{table}_sound_{n} ON registry.{table} ((sounds[{n}]){place})"
                f" WHERE sounds[{n}] IS NOT NULL"
            )
    op.execute('ALTER TABLE registry.household ALTER COLUMN household_no TYPE text COLLATE "C"')
