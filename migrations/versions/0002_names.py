"""How names are found and ordered: by each of their words, written together or apart, in one order of the alphabet.

`registry.sounds` answers one key for each word of a name: how it sounds from there to its end, written together.  So a
word is the beginning of its key, and so are two words that somebody wrote as one.  What is searched is cut into words
in the same way (`search_words`); each of them, or it joined with the one or two before it, begins a key.
`registry.name_order` is what names are sorted by: letters without case and accents, without quotes.  No collation does
it, for the ICU that would is not part of every PostgreSQL and changes with its version under a kept index.
"""

from alembic import op

revision = "0002_names"
down_revision = "0001_foundation"
branch_labels = None
depends_on = None

MEETING = "o[^a-z]+[eou]|[ai][^a-z]+e|[td][^a-z]+j|[bcdgkpt][^a-z]+h|s[^a-z]+[hjy]|[^a-z](z|ch)"
"""Letters that sound different if the two words in which they meet are written as one."""
QUOTES = "''\"`´‘’‚‛“”„ʻʼʽˈ′"

DOUBLED = r"\Y(" + "|".join(f"{letter}(?={letter})" for letter in "abcdeghiklmnoprstu") + ")"

# Each rule is applied to the whole name before the next one.  Except for titles, the key of a word's beginning is the
# beginning of its key, so that a name is found while it is typed: that is why y and j become i, and w becomes u.
# PostgreSQL caches 32 regular expressions in a session, so plain letters are replaced without one.
WORDS = r"""
CREATE FUNCTION registry.name_words(name text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  words text := lower(regexp_replace(normalize(regexp_replace(left(name, 200), '[{quotes}]', '', 'g'), NFKD),
                                     '[\u0300-\u036f]', '', 'g'));
BEGIN
  words := btrim(regexp_replace(words, '[^a-z0-9]+', ' ', 'g'));
  words := regexp_replace(
    words, '^((h|hj|kh|ust|ustad|ustadz|tgk|drs?|dra|ir|prof|bpk|bapak|ibu|almh?|almarhum|almarhumah) )+', '');
  words := regexp_replace(words, ' (h|hj|kh|ust|drs?|dra|ir|alm|almh|bin|binti|binte|bt)\M', '', 'g');
  words := regexp_replace(words, 'oe|ou|oo', 'u', 'g');                         -- Soekarno, Noor
  words := replace(replace(words, 'ie', 'i'), 'ae', 'ai');                      -- Triesno, Jaenal
  words := regexp_replace(words, '\mm[ou](kh|ch|h)', 'muh', 'g');               -- Mochamad
  words := regexp_replace(words, '\m(mhd|md|muhd|muh)\M', 'muhamad', 'g');
  words := regexp_replace(words, '\mmuham+e', 'muhama', 'g');
  words := regexp_replace(words, '\mst\M', 'siti', 'g');
  words := regexp_replace(words, '\mabd\M', 'abdul', 'g');
  words := regexp_replace(words, '\mabdu([rsntdz])\1?', 'abdul \1', 'g');       -- Abdurrahman
  words := regexp_replace(words, '\mnur([a-z])', 'nur \1', 'g');                -- Nurjanah
  words := regexp_replace(words, '\mch([rl])', 'k\1', 'g');                     -- Christina
  words := regexp_replace(words, '[ck]h', 'h', 'g');                            -- Khadijah
  words := regexp_replace(words, 's[hjy]+', 's', 'g');                          -- Syaiful
  words := replace(replace(replace(replace(words, 'bh', 'b'), 'dh', 'd'), 'gh', 'g'), 'th', 't');
  words := replace(replace(replace(words, 'tj', 'c'), 'dj', 'j'), 'dz', 'z');   -- Tjahjono, Djoko
  words := regexp_replace(words, '\mz', 'j', 'g');                              -- Zaenab
  words := replace(replace(replace(words, 'ph', 'p'), 'ck', 'k'), 'x', 'ks');
  words := translate(words, 'fvqzyjw', 'ppksiiu');
  words := regexp_replace(words, '{doubled}', '', 'g');                         -- Sitti, Budiyanto, Suwandi
  words := regexp_replace(words, '\Yh+(?=[bcdgklmnprst]|\M)', '', 'g');         -- Aisyah, and Aisyahputri as Aisyah Putri
  RETURN nullif(array_remove(string_to_array(words, ' '), ''), '{}');
END $$
""".replace("{doubled}", DOUBLED).replace("{quotes}", QUOTES)

# The keys that are stored with each name, computed at each write: PL/pgSQL caches its plans, an SQL function does not.
# Two words written together lose a doubled letter where they meet, as it would be lost inside one word.  If the whole
# name as one word may sound different, its key comes last: Matano Oe is Matanooe too.
SOUNDS = r"""
CREATE FUNCTION registry.sounds(name text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  words text[] := registry.name_words(name);
  together text := '';
  keys text[] := '{}';
BEGIN
  FOR n IN REVERSE coalesce(cardinality(words), 0)..1 LOOP
    together := regexp_replace(words[n] || together, '{doubled}', '', 'g');
    keys := left(together, 40) || keys;
  END LOOP;
  IF keys <> '{}' AND name ~* '{meeting}' THEN
    keys := keys || registry.name_together(name);
  END IF;
  RETURN keys;
END $$
""".replace("{doubled}", DOUBLED).replace("{meeting}", MEETING)

STATEMENTS = (
    WORDS,
    r"""
    CREATE FUNCTION registry.name_joined(words text[]) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT left(regexp_replace(array_to_string(words, ''), '{doubled}', '', 'g'), 40) $$
    """.replace("{doubled}", DOUBLED),
    """
    CREATE FUNCTION registry.name_together(name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT registry.name_joined(registry.name_words(regexp_replace(name, '[[:punct:][:space:]]+', '', 'g'))) $$
    """,
    SOUNDS,
    # The keys by which rows are picked: the longest word, that joined with the word before it, and the whole as one.
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
    # … or begins one when joined with the one or two words before it (a regular expression).
    """
    CREATE FUNCTION registry.search_patterns(said text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT coalesce(array_agg(concat(' (', concat_ws('|', registry.name_joined(w.words[n:n]),
                    CASE WHEN n > 1 THEN registry.name_joined(w.words[n - 1:n]) END,
                    CASE WHEN n > 2 THEN registry.name_joined(w.words[n - 2:n]) END), ')')), '{}')
          FROM (SELECT registry.name_words(said) AS words) w, generate_subscripts(w.words, 1) AS n $$
    """,
    # One expression, so that PostgreSQL inlines it; most names are plain letters.
    r"""
    CREATE FUNCTION registry.name_order(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN name COLLATE "C" ~ '^[A-Za-z]+( [A-Za-z]+)*$' THEN lower(name COLLATE "C")
          ELSE btrim(regexp_replace(lower(regexp_replace(normalize(name, NFKD), '[{quotes}\u0300-\u036f]', '', 'g')
                     COLLATE "C"), '[[:punct:][:space:]]+', ' ', 'g')) END $$
    """.replace("{quotes}", QUOTES),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
