use super::*;

const RING: &str = r##"
schema = "girasol.product/1"
id = "ring/solitaire"

[[options]]
name = "metal"
choices = [
    { value = "yellow-gold", swatch = "#D4AF5F" },
    { value = "platinum", label = "Platinum 950", swatch = "/swatches/platinum.webp" },
]

[[options]]
name = "stone"
default = "ruby"
choices = [{ value = "diamond" }, { value = "ruby" }]

[[hotspots]]
name = "stone"
label = "A ruby of half a carat"
points = [{ degree = 300, x = 0.4, y = 0.2 }, { degree = 420, x = 0.6, y = 0.25 }]
"##;

fn file(text: &str) -> ProductFile {
    toml::from_str(text).unwrap()
}

#[test]
fn what_is_not_said_is_filled_in() {
    let offer = file(RING).check().unwrap();
    assert_eq!((offer.id.to_string().as_str(), offer.label.as_str()), ("ring.solitaire", "Solitaire"));
    let metal = &offer.options[0];
    assert_eq!((metal.label.as_str(), metal.default.as_str()), ("Metal", "yellow-gold"));
    assert_eq!(metal.choices[0].label, "Yellow Gold");
    assert_eq!(metal.choices[0].swatch.as_deref(), Some("#d4af5f"));
    assert_eq!(metal.choices[1].label, "Platinum 950");
    assert_eq!(offer.options[1].default.as_str(), "ruby");
}

#[test]
fn a_product_survives_its_file() {
    let offer = file(RING).check().unwrap();
    let product = Product {
        id: offer.id.clone(),
        label: offer.label.clone(),
        revision: 7,
        options: offer.options.clone(),
        hotspots: offer.hotspots.clone(),
        listed: true,
        popular: Vec::new(),
        spins: Vec::new(),
    };
    let written = toml::to_string(&ProductFile::of(&product)).unwrap();
    assert_eq!(file(&written).check().unwrap(), offer);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let wrong = r##"
        schema = "girasol.product/2"
        id = "ring/sequence"
        label = " "
        [[options]]
        name = "style"
        default = "tin"
        choices = [
            { value = "Gold" },
            { value = "tin", swatch = "#12345" },
            { value = "tin", swatch = "javascript:alert(1)" },
        ]
        [[options]]
        name = "stone"
        default = "opal"
        choices = [{ value = "ruby", label = "" }]
        [[options]]
        name = "stone"
        choices = []
        [[hotspots]]
        name = "The stone"
        label = "Stone"
        href = "//elsewhere.example"
        points = [{ degree = 400, x = 1.5, y = 0.0 }, { degree = 30, x = 0.1, y = 0.0 }]
    "##;
    let faults = file(wrong).check().unwrap_err();
    let places: Vec<&str> = faults.iter().map(|fault| fault.at.as_str()).collect();
    assert_eq!(
        places,
        [
            "schema",
            "id",
            "label",
            "options[0].name",
            "options[0].choices[0].value",
            "options[0].choices[1].swatch",
            "options[0].choices[2].value",
            "options[0].choices[2].swatch",
            "options[1].choices[0].label",
            "options[1].default",
            "options[2].name",
            "options[2].choices",
            "hotspots[0].name",
            "hotspots[0].href",
            "hotspots[0].points",
            "hotspots[0].points",
            "hotspots[0].points",
        ]
    );
    assert_eq!(faults[9].to_string(), "options[1].default: \"opal\" is none of its choices");
}
