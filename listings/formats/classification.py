"""Sector and region of catalogue entries, by rules: from tags to codes, or nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping

from listings.vocabulary import IN_CHINA, PROVINCES, regions

_SECTORS = {
    "industrial-manufacturing": (
        "industry manufacturing industrial automotive semiconductors"
        " electronics robotics industrial-statistics industry-statistics"
        " industrial-equipment industrial-automation mining petroleum steel"
        " machinery chemicals industrial-robotics new-energy-vehicles aerospace"
        " mineral-resources minerals autonomous-vehicles materials-science"
        " additive-manufacturing"
    ),
    "modern-agriculture": (
        "agriculture food-security agricultural-economics livestock forestry"
        " fisheries irrigated-cropland rainfed-cropland cropland-partitioning"
        " food-safety agricultural-research agricultural-policy"
        " agricultural-trade agroforestry soil-moisture"
    ),
    "commerce-circulation": (
        "trade commerce consumer consumer-goods international-trade retail"
        " customs online-shopping market-research commodities e-commerce"
        " product-comparison consumer-prices logistics-and-trade supply-chain"
    ),
    "transportation": (
        "transportation transport logistics aviation maritime traffic railways"
        " shipping last-mile routing marine-navigation ports highways"
    ),
    "financial-services": (
        "finance banking capital-markets monetary-policy securities insurance"
        " financial-markets derivatives balance-of-payments exchange-rates"
        " payment-systems interest-rates financial-stability foreign-exchange"
        " equities bonds stock-market stock-markets funds futures fixed-income"
        " investment-banking fintech financial-statistics financial-data"
        " financial-sector banking-statistics banking-supervision"
        " central-banking credit asset-management blockchain bitcoin ethereum"
        " cryptocurrency market-data trading ipo"
    ),
    "sci-tech-innovation": (
        "science technology research innovation artificial-intelligence"
        " machine-learning computer-vision natural-language-processing"
        " deep-learning astronomy physics chemistry computer-science"
        " intellectual-property patents physical-sciences space planetary"
        " biology genomics genomic genetic bioinformatics life-sciences"
        " neuroscience structural-biology proteomics molecular-biology"
        " biotechnology geology geophysics geoscience robotics-research"
        " scientific-data heliophysics materials biochemistry protein"
        " transcriptomics microscopy digital-economy cybersecurity"
        " cyber-security information-technology telecommunications"
        " scholarly-communication ai-safety internet"
    ),
    "culture-tourism": (
        "culture tourism arts art history media museum music movies sports"
        " cultural-heritage cultural-preservation archaeology"
        " ancient-civilizations athletics tennis"
    ),
    "healthcare": (
        "health healthcare public-health medicine epidemiology pharmaceuticals"
        " cancer medical-imaging pharmaceutical drug-discovery"
        " disease-surveillance mental-health nutrition clinical-research"
        " pharmacology covid-19 coronavirus sars-cov-2 radiology"
        " infectious-diseases immunization mortality health-systems mammography"
        " breast-cancer digital-pathology computational-pathology"
        " medical-image-computing pediatric population-health biomedical"
        " biomedical-research"
    ),
    "emergency-management": (
        "disaster-response emergency-management disaster-management earthquakes"
        " floods hazard safety public-safety seismology humanitarian"
        " cyclone-typhoon-hurricane extreme-weather"
    ),
    "meteorological-services": (
        "weather meteorology meteorological precipitation forecast"
        " atmospheric-science air-temperature near-surface-air-temperature radar"
        " atmosphere climate climate-model climate-projections wind-speeds era5"
    ),
    "urban-governance": (
        "governance government urban-planning urban-development urban housing"
        " cities census population demographics infrastructure public-services"
        " civic urbanization real-estate government-finance transparency"
        " land-use social social-security regulation law urban-studies"
    ),
    "green-low-carbon": (
        "environment environmental energy carbon sustainability"
        " renewable-energy biodiversity ecology ecosystems water air-quality"
        " conservation electricity climate-change natural-resources"
        " natural-resource solar environmental-science environmental-monitoring"
        " energy-transition energy-statistics geothermal oceans wildlife"
        " water-resources greenhouse-gases"
    ),
}
SECTOR_OF = {tag: sector for sector, tags in _SECTORS.items() for tag in tags.split()}

# Beginnings of Chinese names that say which division of China an entry is of.
_CITIES = {
    "深圳": "44", "广州": "44", "成都": "51", "福州": "35", "南昌": "36", "南京": "32",
    "青岛": "37", "苏州": "32", "武汉": "42", "西安": "61", "郑州": "41", "杭州": "33",
}  # fmt: skip
_PLACES = {name.zh: code for code, name in PROVINCES.items()} | _CITIES


def sector_of(tags: Iterable[str], rules: Mapping[str, str] = SECTOR_OF) -> str | None:
    """Return the sector that most *tags* stand for; of equals, the first; or None."""
    votes = Counter(
        rules[word] for tag in tags if (word := tag.lower().replace(" ", "-")) in rules
    )
    return votes.most_common(1)[0][0] if votes else None


def country(code: str) -> str | None:
    """Return the region of an ISO 3166-1 code; None if we know no such region."""
    found = IN_CHINA.get(code.upper(), code.upper())
    return found if found in regions() else None


def division(name_zh: str) -> str | None:
    """Return the division of China that a Chinese name begins with, or None."""
    return next((c for place, c in _PLACES.items() if name_zh.startswith(place)), None)


def only(codes: Iterable[str | None]) -> str | None:
    """Return the one code that *codes* agree on; None if there are several or none."""
    found = set(codes) - {None}
    return found.pop() if len(found) == 1 else None
