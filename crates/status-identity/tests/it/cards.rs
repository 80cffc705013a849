//! Cards on their way through a picture.

use status_crypto::{Keyring, SecretKey};
use status_identity::camera::{read_codes, read_codes_in_grey};
use status_identity::qr::Code;
use status_identity::{Card, CardContent, DisplayName, Pasted};
use status_layer::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A bundle as long as that of a user with so many devices, each with two suites.
fn card(devices: usize) -> Card {
    let alice = SecretKey::from_bytes(&[0x11; 32]).unwrap();
    let bundle = (0..180 + 134 * devices).map(|at| (at * 71 % 251) as u8).collect();
    let content = CardContent {
        name: Some(DisplayName::new("Alice of Wonder").unwrap()),
        bundle,
        made_at: NOW,
        expires_at: NOW.after(Card::LIFETIME),
    };
    Card::make(&alice, content).unwrap()
}

/// A grey picture of a code as a camera takes it: turned, out of focus, unevenly lit and noisy.
struct Photograph {
    side: usize,
    /// Radians.
    turned: f64,
    /// Pixels around each that it is the mean of.
    blur: usize,
    /// Most that a pixel is lighter or darker by chance.
    noise: u64,
}

impl Photograph {
    fn of(&self, code: &Code) -> Vec<u8> {
        let modules = f64::from(code.side() + 8);
        let scale = modules / (self.side as f64 * 0.7);
        let half = self.side as f64 / 2.0;
        let (sine, cosine) = self.turned.sin_cos();
        let sharp: Vec<f64> = (0..self.side * self.side)
            .map(|at| {
                let (right, down) = ((at % self.side) as f64 - half, (at / self.side) as f64 - half);
                let x = (right * cosine + down * sine) * scale + modules / 2.0 - 4.0;
                let y = (down * cosine - right * sine) * scale + modules / 2.0 - 4.0;
                let dark = x >= 0.0 && y >= 0.0 && code.is_dark(x as u32, y as u32);
                let light = 0.75 + 0.25 * (at % self.side) as f64 / self.side as f64;
                if dark { 40.0 } else { 230.0 * light }
            })
            .collect();
        let mut state = 7_u64;
        let mut chance = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((state >> 33) % (2 * self.noise + 1)) as f64 - self.noise as f64
        };
        (0..sharp.len()).map(|at| (self.blurred(&sharp, at) + chance()).clamp(0.0, 255.0) as u8).collect()
    }

    fn blurred(&self, sharp: &[f64], at: usize) -> f64 {
        let (x, y) = (at % self.side, at / self.side);
        let range = |middle: usize| middle.saturating_sub(self.blur)..(middle + self.blur + 1).min(self.side);
        let (mut sum, mut count) = (0.0, 0.0);
        for y in range(y) {
            for x in range(x) {
                sum += sharp[y * self.side + x];
                count += 1.0;
            }
        }
        sum / count
    }
}

fn grey_png(side: usize, pixels: &[u8]) -> Vec<u8> {
    let picture = status_identity::Pixels::draw(side as u32, side as u32, |x, y| {
        let grey = pixels[y as usize * side + x as usize];
        Some(status_identity::Rgb(grey, grey, grey))
    });
    picture.png().unwrap()
}

#[test]
fn a_card_is_read_from_a_turned_blurred_and_noisy_picture() {
    let card = card(1);
    let code = Code::of(&card.text_in_code()).unwrap();

    for turned in [0.1, 0.5, 3.0] {
        let photograph = Photograph { side: 800, turned, blur: 1, noise: 25 }.of(&code);

        let texts = read_codes_in_grey(800, photograph).unwrap();

        let cards: Vec<_> = texts.iter().map(|text| Card::parse(text, NOW)).collect();
        assert_eq!(cards, [Ok(card.clone())], "{turned}");
    }
}

#[test]
fn a_card_is_read_from_a_photograph_in_a_file() {
    let card = card(0);
    let photograph = Photograph { side: 460, turned: 0.2, blur: 0, noise: 20 };
    let file = grey_png(460, &photograph.of(&Code::of(&card.text_in_code()).unwrap()));

    let texts = read_codes(&file).unwrap();

    assert_eq!(Card::parse(&texts[0], NOW), Ok(card));
}

#[test]
fn a_key_is_read_from_a_photograph_in_jpeg() {
    let texts = read_codes(include_bytes!("key.jpg")).unwrap();

    let owner = SecretKey::from_bytes(&[0x11; 32]).unwrap();
    assert_eq!(Pasted::parse(&texts[0], NOW).map(|pasted| pasted.user()), Ok(owner.user()));
}

#[test]
fn a_card_of_ten_devices_is_read_from_a_sharp_picture() {
    let card = card(10);
    let code = Code::of(&card.text_in_code()).unwrap();

    let texts = read_codes(&code.pixels(6).png().unwrap()).unwrap();

    assert_eq!(Card::parse(&texts[0], NOW), Ok(card));
}

#[test]
fn a_large_photograph_is_made_smaller_before_it_is_searched() {
    let card = card(1);
    let photograph = Photograph { side: 1_700, turned: 0.3, blur: 0, noise: 90 };

    let texts = read_codes_in_grey(1_700, photograph.of(&Code::of(&card.text_in_code()).unwrap())).unwrap();

    assert_eq!(Card::parse(&texts[0], NOW), Ok(card));
}
