"""Where the thesis contradicts itself or the papers it cites."""

# What the thesis says, what is wrong with it, the reading that stx follows
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
        "6.1 takes the mean square error, and says neither of what nor with which factor; with Gram's 1/(4 N² M²) some "
        "values are as small as it reports",
        "it belongs to a sum over N² entries of a sum over M positions; a vector has N means",
        "`loss_weights=thesis` has the literal factor, `factor=mean` divides by the entries there are",
    ),
)
