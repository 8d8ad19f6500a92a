/** Texts that must come out as they went in, to the last code point. */
export const TEXTS_OF_ALL_SCRIPTS: readonly (readonly [name: string, text: string])[] = [
  ["ASCII with what XML escapes", "<b>\"5 > 4\" & 'so on'</b> ]]> &amp; &#10;"],
  ["Latin, precomposed", "Grüße, façade, Škoda"],
  ["Latin, combining marks", "Gru\u0308\u00dfe, fac\u0327ade, e\u0323\u0302"],
  ["Greek and Cyrillic", "Καλημέρα, привет, ѣ"],
  ["Hebrew with points, right to left", "שָׁלוֹם עֲלֵיכֶם (abc) 123"],
  ["Arabic with marks and direction controls", "\u202bالسَّلَامُ عَلَيْكُمْ\u202c \u200fabc\u200e \u2067x\u2069"],
  ["Devanagari and Tamil with joiners", "क्\u200dष क्\u200cष, நிலா"],
  ["Thai, no spaces", "สวัสดีครับ"],
  ["Chinese, Japanese, Korean", "你好，世界。こんにちは、カ\u3099、안녕 \u1112\u1161\u11ab"],
  ["beyond the basic plane", "𠮷野家 𐍈 𝔘𝔫𝔦 𓀀"],
  [
    "emoji: skin tone, family, flag, keycap, variation",
    "👋🏽 👨\u200d👩\u200d👧\u200d👦 🇨🇿 1\ufe0f\u20e3 ❤\ufe0f ❤\ufe0e",
  ],
  ["a flag of tags", "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}"],
  ["private use and a no-break space", "\ue000\u{f0000}\u00a0\ufeff"],
  ["white space at both ends, tabs and lines", "  a\tb\n\n c \n"],
  ["a space alone", " "],
];
