"""What the thesis says, sentence by sentence, and the rule that each sentence is held against."""

from collections.abc import Callable
from typing import NamedTuple

from stx.thesis import verdicts, verdicts_gram
from stx.thesis.plan import PRESETS, STYLE_LAYERS
from stx.thesis.verdicts import Runs, Verdict


class Claim(NamedTuple):
    name: str
    said: str
    """The thesis's words."""
    meaning: str
    """The same in English."""
    rule: Callable[[Runs], Verdict]


class Experiment(NamedTuple):
    number: str
    title: str
    shows: tuple[str, ...]
    """Members whose pictures stand side by side, as in the thesis."""
    claims: tuple[Claim, ...]


def presets(start: str) -> tuple[str, ...]:
    return tuple(name for name in PRESETS if name.startswith(start))


EXPERIMENTS = (
    Experiment(
        "E1",
        "Gram matrix",
        ("e01_gram", "e01_rescaled"),
        (
            Claim(
                "E1",
                "Resultado final del style transfer con matriz de Gram",
                "the Gram matrix transfers the style",
                verdicts.style_is_carried("e01_gram"),
            ),
        ),
    ),
    Experiment(
        "E2",
        "Co-occurrence as vector, tensor and matrix",
        ("e02_cooc_vector", "e02_cooc_tensor", "e02_cooc_matrix"),
        (
            Claim(
                "E2",
                "a priori solo se muestra la representación de contenido de la imagen [...] los valores andan por "
                "debajo del orden de 10⁻⁹, lo que debe de hacerlos insignificantes",
                "only the content appears, because the values are too small",
                verdicts.forms_give_content_only,
            ),
        ),
    ),
    Experiment(
        "E3",
        "A heavier style weight",
        ("e03_weight_1e10", "e03_weight_1e15"),
        (
            Claim(
                "E3, text",
                "aumentar el peso del estilo, por ejemplo aumentarlo a 10¹⁰, para obtener el mismo resultado",
                "a style weight of 1e10 gives the same picture",
                verdicts.heavier_is_the_same,
            ),
            Claim(
                "E3, caption",
                "usando un peso de 1e¹⁵, no se obtienen resultados válidos",
                "a style weight of 1e15 gives an invalid picture",
                verdicts.heaviest_is_invalid,
            ),
        ),
    ),
    Experiment(
        "E4",
        "Normalised to sum 1",
        ("e04_normalised",),
        (
            Claim(
                "E4",
                "normalizar el tensor, de manera que los valores del tensor sumen 1. Esto último da un resultado "
                "similar al primer intento",
                "a tensor that sums to 1 gives the same as E2",
                verdicts.same_as_the_vector,
            ),
        ),
    ),
    Experiment(
        "E5",
        "Gram matrix of the co-occurrence matrix",
        ("e05_gram_cooc_matrix",),
        (
            Claim(
                "E5",
                "el resultado sigue sin ser el adecuado, el propio tensor no debe de aportar la información necesaria",
                "no style",
                verdicts.no_style("e05_gram_cooc_matrix", "calibrated_gram_cooc_matrix"),
            ),
        ),
    ),
    Experiment(
        "E6",
        "Gram matrix of the co-occurrence tensor as one row",
        ("e06_gram_cooc_vector", "e06_gram", "e06_safeguarded"),
        (
            Claim(
                "E6",
                "se llegan a ciertos valores que el programa ya considera infinitos, debido a la multiplicación "
                "constante de los valores del vector de características",
                "values overflow, because the vector's values are multiplied with each other",
                verdicts.overflow,
            ),
        ),
    ),
    Experiment(
        "E7",
        "E6 with small weights",
        ("e07_small_weights",),
        (
            Claim(
                "E7",
                "un problema que podemos solucionar [con] un peso de contenido de 5e⁻⁹ y un peso de estilo de 1e⁻⁷",
                "small weights keep the values finite; still no style",
                verdicts.finite_without_style,
            ),
        ),
    ),
    Experiment(
        "E8",
        "Gram matrix on a portrait",
        ("e08_portrait",),
        (
            Claim(
                "E8",
                "Style transfer resultante del primer plano [...] utilizando el método original de la matriz de Gram",
                "the style is transferred to a portrait",
                verdicts.style_is_carried("e08_portrait"),
            ),
        ),
    ),
    Experiment(
        "E9",
        "Three ratios of content to style",
        (*presets("e09"), *(f"e09_rescaled_{ratio}" for ratio in verdicts_gram.RATIOS)),
        (
            Claim(
                "E9, pictures",
                "el cambio del ratio [...] da representaciones desde más fieles al contenido hasta más ‘artísticas’",
                "from faithful to painterly as alpha/beta falls from 1e-2 to 1e-4",
                verdicts_gram.painterly_with_the_ratio,
            ),
            Claim(
                "E9, time",
                "no hay ventajas de tiempo de ejecución conforme se aumenta o disminuye el ratio",
                "2.29, 2.34 and 2.28 minutes: the ratio costs no time",
                verdicts_gram.ratio_costs_no_time,
            ),
        ),
    ),
    Experiment(
        "E10",
        "Max against average pooling",
        ("e10_max", "e10_avg"),
        (
            Claim(
                "E10, pictures",
                "aquí no se ha notado mucha diferencia",
                "little difference",
                verdicts_gram.poolings_are_alike,
            ),
            Claim(
                "E10, time",
                "se cuentan alrededor de 2.30 minutos [...] tanto utilizando un pooling calculado por el elemento "
                "máximo u otro calculado mediante la media",
                "both take the same time",
                verdicts_gram.poolings_take_the_same_time,
            ),
            Claim(
                "E10, guess",
                "Puede llegar a ser posible que surjan diferencias de tiempo de ejecución a la hora de operar para "
                "generar imágenes de resoluciones mayores",
                "with larger pictures their times may part",
                verdicts_gram.larger_pictures_differ,
            ),
        ),
    ),
    Experiment(
        "E11",
        "Reconstructions from noise",
        tuple(f"e11_{kind}_{layer}" for kind in ("content", "style") for layer in STYLE_LAYERS),
        (
            Claim(
                "E11, content",
                "las capas más bajas de la red reconstruyen la imagen prácticamente perfecta [...] en las capas "
                "finales [...] a coste de perder detalle en pixeles concretos",
                "low layers give the pixels back, high layers the layout",
                verdicts_gram.detail_goes_with_depth,
            ),
            Claim(
                "E11, style",
                "Las características que puede llegar a extraer la red van aumentando en complejidad conforme se "
                "avanza de capa convolucional",
                "more layers draw larger structures of the style",
                verdicts_gram.structures_grow_with_layers,
            ),
        ),
    ),
    Experiment(
        "7.2",
        "The thesis's own explanation",
        ("alone_gram", *(f"alone_{form}" for form in verdicts_gram.FORMS)),
        (
            Claim(
                "Section 7.2",
                "la red ‘aprende’ estilos mediante correlaciones de características, y esto es algo que el tensor de "
                "coocurrencias no puede ofrecernos",
                "co-occurrence, as it was used, does not hold the correlations that are the style",
                verdicts_gram.descriptors_miss_the_style,
            ),
        ),
    ),
)

# What it says, what is wrong with it, the reading that stx follows
CONTRADICTIONS = (
    (
        "with a larger ratio α/β the picture is “más estilizada” (4.3); with smaller ones, 1e-2 to 1e-4, “más "
        "artística” (8)",
        "the two say the opposite; E9's pictures show the second",
        "`ratio` is α/β: a larger one is more faithful to the content",
    ),
    (
        "F is flattened to 1 × (N × M) for the Gram matrix (4.3); it has a row for each channel (7.1)",
        "one row gives one number, as in E6; N rows of M give the N × N matrix",
        "N rows of M positions",
    ),
    (
        "co-occurrence needs both activations `< t` (4.4)",
        "the text around it, the mask ρ = A > t and Forcén et al. have `>`",
        "`>`",
    ),
    (
        "∂E/∂F = Fᵀ(G − A) (4.3)",
        "the factor 1/(N² M²) of Gatys et al., eq. 6, is missing",
        "automatic differentiation of E_l with its factor",
    ),
    (
        "N and M are “el alto y el ancho” of the feature matrix (4.3)",
        "the paragraphs before define N as the number of filters and M as height times width",
        "N channels, M positions",
    ),
    (
        "gradients are zero where F < 0",
        "features after a ReLU are never below zero: the case belongs to the gradient before it",
        "features after the ReLU; automatic differentiation passes nothing where it is off",
    ),
    (
        "Gram is an MMD “con kernel gaussiano” (7.1, 8)",
        "Li et al. 2017 prove it for the second-order polynomial kernel; the Gaussian is one of their alternatives",
        "the polynomial kernel",
    ),
    (
        "E7's weights are chosen “de manera que el ratio entre ellos se mantenga” and are “negativos”",
        "5e-9 / 1e-7 is 5e-2 and not 1e-2; the exponents are negative, the weights are not",
        "5e-9 and 1e-7, as written",
    ),
    (
        "E3's style weight is 10¹⁰ in the text and 1e¹⁵ in the caption",
        "the sentence goes with one, the picture with the other",
        "both, each with its own verdict",
    ),
    (
        "Gram's factor 1/(4 N² M²) stays when the statistic is another one (6.1)",
        "it belongs to a sum over N² entries of a sum over M positions; a vector has N means",
        "`loss_weights=thesis` has the literal factor, `factor=mean` divides by the entries there are",
    ),
)
