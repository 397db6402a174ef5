/** Short names of emoji → the characters. A name that is not here is shown as it was written, `:like_this:`. */

const TABLE = `
+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|clap 👏|wave 👋|raised_hands 🙌|pray 🙏|muscle 💪|ok_hand 👌|point_right 👉|point_left 👈
point_up ☝️|point_down 👇|handshake 🤝|writing_hand ✍️|v ✌️|crossed_fingers 🤞|eyes 👀|brain 🧠|busts_in_silhouette 👥|bust_in_silhouette 👤
smile 😄|smiley 😃|grinning 😀|slightly_smiling_face 🙂|wink 😉|blush 😊|joy 😂|laughing 😆|sunglasses 😎|heart_eyes 😍|thinking_face 🤔
sweat_smile 😅|cry 😢|sob 😭|relieved 😌|hugging_face 🤗|neutral_face 😐|sleeping 😴|star-struck 🤩|partying_face 🥳|nerd_face 🤓
heart ❤️|green_heart 💚|blue_heart 💙|yellow_heart 💛|purple_heart 💜|orange_heart 🧡|broken_heart 💔|sparkling_heart 💖
tada 🎉|confetti_ball 🎊|sparkles ✨|star ⭐|star2 🌟|dizzy 💫|fire 🔥|boom 💥|zap ⚡|rocket 🚀|trophy 🏆|medal 🏅|crown 👑|gem 💎|gift 🎁
first_place_medal 🥇|second_place_medal 🥈|third_place_medal 🥉|sports_medal 🏅|dart 🎯|checkered_flag 🏁|100 💯|balloon 🎈|ribbon 🎀
white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|negative_squared_cross_mark ❎|warning ⚠️|no_entry ⛔|no_entry_sign 🚫
question ❓|grey_question ❔|exclamation ❗|bangbang ‼️|information_source ℹ️|bulb 💡|mag 🔍|bell 🔔|no_bell 🔕|lock 🔒|unlock 🔓|key 🔑|shield 🛡️
speech_balloon 💬|thought_balloon 💭|left_speech_bubble 🗨️|mega 📣|loudspeaker 📢|email 📧|envelope ✉️|inbox_tray 📥|outbox_tray 📤|incoming_envelope 📨
memo 📝|pencil 📝|pencil2 ✏️|newspaper 📰|page_facing_up 📄|page_with_curl 📃|clipboard 📋|bookmark 🔖|books 📚|book 📖|link 🔗|paperclip 📎|pushpin 📌|round_pushpin 📍
calendar 📅|date 📅|spiral_calendar_pad 🗓️|clock1 🕐|alarm_clock ⏰|stopwatch ⏱️|hourglass ⌛|hourglass_flowing_sand ⏳|watch ⌚
bar_chart 📊|chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|chart 💹|moneybag 💰|briefcase 💼|office 🏢|factory 🏭|house 🏠
arrow_up ⬆️|arrow_down ⬇️|arrow_right ➡️|arrow_left ⬅️|arrow_upper_right ↗️|leftwards_arrow_with_hook ↩️|arrows_counterclockwise 🔄|repeat 🔁|fast_forward ⏩
heavy_plus_sign ➕|heavy_minus_sign ➖|wastebasket 🗑️|gear ⚙️|wrench 🔧|hammer 🔨|hammer_and_wrench 🛠️|package 📦|computer 💻|iphone 📱|telephone ☎️|camera 📷|frame_with_picture 🖼️|art 🎨|movie_camera 🎥|microphone 🎤|headphones 🎧|musical_note 🎵
globe_with_meridians 🌐|earth_africa 🌍|earth_americas 🌎|earth_asia 🌏|sunny ☀️|cloud ☁️|umbrella ☂️|snowflake ❄️|rainbow 🌈|ocean 🌊|seedling 🌱|herb 🌿|four_leaf_clover 🍀|deciduous_tree 🌳|evergreen_tree 🌲|sunflower 🌻|leaves 🍃|droplet 💧|sweat_drops 💦|potted_plant 🪴|whale 🐳|fish 🐟|bathtub 🛁|shower 🚿|potable_water 🚰|recycle ♻️
coffee ☕|tea 🍵|cake 🍰|birthday 🎂|pizza 🍕|beers 🍻|champagne 🍾|apple 🍎|bee 🐝|dog 🐶|cat 🐱|owl 🦉|turtle 🐢|butterfly 🦋|bike 🚲|car 🚗|train 🚆|airplane ✈️
robot_face 🤖|see_no_evil 🙈|ghost 👻|alien 👽|zzz 💤|construction 🚧|rotating_light 🚨|label 🏷️|ticket 🎫|world_map 🗺️|compass 🧭
one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|six 6️⃣|seven 7️⃣|eight 8️⃣|nine 9️⃣|keycap_ten 🔟
large_blue_circle 🔵|red_circle 🔴|large_green_circle 🟢|large_yellow_circle 🟡|white_circle ⚪|black_circle ⚫|small_blue_diamond 🔹|small_orange_diamond 🔸
flag-nl 🇳🇱|flag-gb 🇬🇧|flag-de 🇩🇪|flag-us 🇺🇸|flag-be 🇧🇪|flag-fr 🇫🇷|flag-eu 🇪🇺
`;

const EMOJI = new Map(TABLE.trim().split(/[|\n]/).map((entry) => entry.trim().split(" ")));

/** Return the characters of the emoji called `name`, else `:name:`. */
export function emoji(name) {
  return EMOJI.get(name.split("::")[0]) ?? `:${name}:`;
}

/** Return `text` with every known `:name:` replaced. */
export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+'-]+)(?:::skin-tone-\d)?:/g, (whole, name) => EMOJI.get(name) ?? whole);
}
