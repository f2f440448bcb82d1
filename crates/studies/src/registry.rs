//! What there is: kinds of studies and of files.

use std::path::Path;

use faults::{LiteratureEndurance, LiteratureRates};
use rtm_ap::{ProcessorDesign, ProcessorParameters, TrackParameters};
use technology::{
    ComponentParameters, Declaration, Library, LibraryDesign, ParameterSet, Parameters, TechnologyFile,
};
use workspace::{Failure, FileKind, FileSchema, Program, Registry, claims};

use crate::files::technology_schema;
use crate::images::USERS_DATA;
use crate::studies::STUDIES;
use crate::studies::fault_comparison::AnalogParameters;

/// A kind of technology file in a folder of its own.
const fn technology(
    name: &'static str,
    folder: &'static str,
    schema: FileSchema,
    parameters: workspace::ReadParameters,
) -> FileKind {
    FileKind { name, folder, ending: Some(".yaml"), schema: Some(schema), parameters: Some(parameters) }
}

/// The kinds of files that manifests name.
pub static FILES: [FileKind; 10] = [
    FileKind {
        name: "network",
        folder: "networks",
        ending: Some(".yaml"),
        schema: Some(FileSchema {
            name: "network",
            meaning: "A network: `experiments/networks/*.yaml`",
            make: || yaml::schema_of::<network::NetworkDescription>(),
        }),
        parameters: None,
    },
    FileKind {
        name: "checkpoint",
        folder: "networks",
        ending: Some(".safetensors.zst"),
        schema: None,
        parameters: None,
    },
    technology(
        "processor technology",
        "technology/rtm-ap",
        FileSchema {
            name: "rtm-ap",
            meaning: "A technology of the associative processor: `experiments/technology/rtm-ap/*.yaml`",
            make: || {
                technology_schema::<ProcessorDesign>(
                    "Technology of the associative processor",
                    &[ProcessorParameters::DECLARATIONS, TrackParameters::DECLARATIONS].concat(),
                    // Which of both a file gives is said by `design.shift`.
                    &["shift.", "track."],
                )
            },
        },
        |path, libraries| rtm_ap::load_technology_with(path, libraries).map(titled).map_err(Failure::from),
    ),
    technology(
        "crossbar technology",
        "technology/crossbar",
        FileSchema {
            name: "crossbar",
            meaning: "A technology of a crossbar: `experiments/technology/crossbar/*.yaml`",
            make: || {
                technology_schema::<crossbar::Design>(
                    "Technology of a crossbar",
                    crossbar::CrossbarParameters::DECLARATIONS,
                    &[],
                )
            },
        },
        |path, libraries| crossbar::load_technology_with(path, libraries).map(titled).map_err(Failure::from),
    ),
    technology(
        "digital technology",
        "technology/digital",
        FileSchema {
            name: "digital",
            meaning: "A technology of a digital array: `experiments/technology/digital/*.yaml`",
            make: || {
                technology_schema::<digital::ArrayDesign>(
                    "Technology of a digital array",
                    digital::ArrayParameters::DECLARATIONS,
                    &[],
                )
            },
        },
        |path, libraries| digital::load_technology_with(path, libraries).map(titled).map_err(Failure::from),
    ),
    technology(
        "component library",
        "technology/components",
        FileSchema {
            name: "components",
            meaning: "A library of components: `experiments/technology/components/*.yaml`",
            make: || {
                technology_schema::<LibraryDesign>(
                    "Library of components",
                    ComponentParameters::DECLARATIONS,
                    // A library may leave components out.
                    &[""],
                )
            },
        },
        |path, _| Ok(titled(Library::load(path)?.file().clone())),
    ),
    technology(
        "file of fault rates",
        "technology/faults",
        FileSchema {
            name: "faults",
            meaning: "Fault rates: `experiments/technology/faults/*.yaml`",
            make: || technology_schema::<()>("Fault rates", LiteratureRates::DECLARATIONS, &[]),
        },
        |path, _| plain(path, LiteratureRates::DECLARATIONS),
    ),
    technology(
        "file of endurances",
        "technology/endurance",
        FileSchema {
            name: "endurance",
            meaning: "Endurances: `experiments/technology/endurance/*.yaml`",
            make: || technology_schema::<()>("Endurances", LiteratureEndurance::DECLARATIONS, &[]),
        },
        |path, _| plain(path, LiteratureEndurance::DECLARATIONS),
    ),
    technology(
        "file of analog non-idealities",
        "technology/analog",
        FileSchema {
            name: "analog",
            meaning: "Non-idealities of crossbars: `experiments/technology/analog/*.yaml`",
            make: || {
                technology_schema::<()>("Non-idealities of crossbars", AnalogParameters::DECLARATIONS, &[])
            },
        },
        |path, _| plain(path, AnalogParameters::DECLARATIONS),
    ),
    FileKind {
        name: "folder of references",
        folder: "references",
        ending: None,
        schema: None,
        parameters: None,
    },
];

fn titled<D>(file: TechnologyFile<D>) -> (String, ParameterSet) {
    (file.title, file.parameters)
}

/// A file that holds nothing but parameters.
fn plain(path: &Path, declarations: &'static [Declaration]) -> Result<(String, ParameterSet), Failure> {
    Ok(titled(TechnologyFile::<()>::load(path, &[declarations])?))
}

/// Everything that the engine is told; warnings go where it is said.
pub const fn registry(warn: fn(&str)) -> Registry {
    Registry {
        studies: STUDIES,
        program: Program {
            files: &FILES,
            schemas: &[claims::SCHEMA],
            users_data: &USERS_DATA,
            beside: data_sets::beside,
            sources: concat!(env!("CARGO_PKG_VERSION"), " ", env!("TRITRACK_SOURCES")),
            version: concat!("tritrack ", env!("CARGO_PKG_VERSION")),
            warn,
        },
    }
}
