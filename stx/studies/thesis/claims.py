"""What the thesis says, sentence by sentence, and the rule that judges each sentence."""

from stx.studies.thesis import outlook, verdicts, verdicts_gram
from stx.studies.thesis.claim import Claim, Experiment
from stx.studies.thesis.plan import PRESETS, STYLE_LAYERS


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
                verdicts.style_is_carried("e01_gram", "e01_rescaled"),
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
        ("e08_portrait", "e08_rescaled"),
        (
            Claim(
                "E8",
                "Style transfer resultante del primer plano [...] utilizando el método original de la matriz de Gram",
                "the style is transferred to a portrait",
                verdicts.style_is_carried("e08_portrait", "e08_rescaled"),
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
        ("e10_max", "e10_avg", "e10_rescaled_max", "e10_rescaled_avg"),
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
                "las capas más bajas de la red reconstruyen la imagen prácticamente perfecta [...] en las tres "
                "primeras capas, mientras que en las capas finales [...] a coste de perder detalle en pixeles "
                "concretos",
                "the first three layers give the pixels back, the last the layout",
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
        "6.1",
        "A thousand iterations",
        ("e01_gram", "e01_longer"),
        (
            Claim(
                "Section 6.1",
                "fijamos las iteraciones que den un buen resultado, en este caso se obtiene un buen resultado "
                "utilizando 1000",
                "1000 iterations suffice",
                outlook.iterations_suffice,
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
